// The mailboxes of an account: names checked, the listing read and taken over. Internal to mailbox/.
#pragma once

#include <string>
#include <string_view>

#include "mailbox/core.h"

namespace heliopost::mailbox {

inline constexpr std::size_t name_depth_max = 32;  // as imap::mailbox_depth_max

// The name as it is kept: "INBOX" in capitals also as a parent (RFC 9051 §5.1). Fails with Fault::denied for
// what cannot be a name: empty levels, control characters, not UTF-8, too long or deep.
Result<std::string> canonical_name(std::string name);

std::string lost_subscription_key(std::string_view name);

bool is_child(std::string_view name, std::string_view parent);

// With the turn: takes over what was just committed.
void adopt(Core* core, Listing listing);
void adopt_removed(Core* core, Listing listing, std::vector<Mailbox> removed);

void log_mailbox(store::Batch& batch, MailboxId id);

// Adds the rows of a new mailbox to the batch. uid_validity is above every one before.
void put_new_mailbox(store::Batch& batch, const Mailbox& mailbox, store::Slot id, std::uint32_t plus);

}  // namespace heliopost::mailbox
