// What a mailbox is, as values: its name and role, its counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

namespace heliopost::mailbox {

// RFC 6154 §2 and RFC 8621 §2: what a mailbox is for. At most one mailbox of an account has a role.
enum class Role : std::uint8_t {
    none = 0,
    inbox = 1,
    drafts = 2,
    sent = 3,
    junk = 4,
    trash = 5,
    archive = 6
};

// Made with every account, under these ids, so that a delivery can name them without reading.
inline constexpr MailboxId inbox{1};
inline constexpr MailboxId drafts{2};
inline constexpr MailboxId sent{3};
inline constexpr MailboxId junk{4};
inline constexpr MailboxId trash{5};
inline constexpr MailboxId archive{6};

inline constexpr std::size_t mailboxes_max = 10'000;          // an account
inline constexpr std::size_t lost_subscriptions_max = 1'000;  // an account; later ones are not kept
inline constexpr std::size_t name_octets_max = 512;           // a whole path
inline constexpr std::size_t keywords_max = 58;  // different ones in one mailbox: Row::flags has 64 bits
inline constexpr std::size_t messages_max = 10'000'000;  // a mailbox

// "\\Sent" and the like; empty for none and inbox.
std::string_view special_use(Role role);
Role role_of(std::string_view special_use);  // none when unknown

struct Mailbox {
    MailboxId id;
    std::string name;  // UTF-8 path, '/' between levels; "INBOX" in capitals
    Role role = Role::none;
    bool subscribed = false;
    UidValidity uid_validity;
    bool operator==(const Mailbox&) const = default;
};

// A name that is only subscribed to: RFC 9051 §6.3.7 keeps it when the mailbox is gone or renamed.
struct Listing {
    std::vector<Mailbox> mailboxes;  // INBOX first, then by name; parents before children
    std::vector<std::string> lost_subscriptions;
};

struct Status {
    std::uint32_t messages = 0;
    std::uint32_t unseen = 0;
    std::uint32_t deleted = 0;
    Uid uid_next;
    UidValidity uid_validity;
    ModSequence highest_mod_sequence;  // at least 1
    std::uint64_t octets = 0;
    bool operator==(const Status&) const = default;
};

}  // namespace heliopost::mailbox
