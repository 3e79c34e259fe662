// file(): adds a new message to a mailbox within somebody's batch, reading nothing.
//
// This is how a delivery files: any number of accounts' batches in one commit. The UID, the mod-sequence
// and the email's id are slots. Quota is counted; it stops the commit only with Quota::enforce
// (architecture.md §5: SMTP checks at RCPT and then files even if over by one message; APPEND, COPY and
// LMTP enforce).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/id.h"
#include "mailbox/email.h"
#include "mailbox/mailbox.h"
#include "proto/imap/flag.h"
#include "store/batch.h"

namespace heliopost::mailbox {

struct Quota {
    std::uint64_t octets_max = 0;  // 0: no limit
    enum class Mode : std::uint8_t { count, enforce } mode = Mode::count;
};

// The structure, or what is kept of it where its record would be larger than octets (structure_record.h).
// Asked once for a message that is filed many times: each copy's record holds the structure.
std::shared_ptr<const mime::Structure> fitted(std::shared_ptr<const mime::Structure> structure,
                                              std::size_t octets);

struct Filed {
    store::Slot uid;
    store::Slot email;
};

// The batch must be of the account's partition. mailbox must exist: a delivery uses the fixed ids; others
// come through Account, which asserts it.
Filed file(store::Batch& batch, MailboxId mailbox, const NewEmail& email, const imap::Flags& flags, Time now,
           Quota quota);

}  // namespace heliopost::mailbox
