// The keys and counters of an account's mailboxes, as docs/format.md states them.
//
// Everything lies in the account's partition under kinds 0x20 to 0x2f.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/id.h"
#include "store/tuple.h"

namespace heliopost::mailbox {

// How much one read of the store brings: rows of 100 kB and small ones.
inline constexpr std::size_t rows_a_page = 100;
inline constexpr std::size_t keys_a_read = 2'000;

}  // namespace heliopost::mailbox

namespace heliopost::mailbox::key {

enum class Kind : std::uint8_t {
    mailbox = 0x20,            // mailbox u32 -> record::Mailbox
    lost_subscription = 0x21,  // name text -> nothing
    highest = 0x22,            // mailbox u32 -> HIGHESTMODSEQ u64
    base = 0x23,               // mailbox u32 -> record::Base
    chunk = 0x24,              // mailbox u32, first UID u32 -> record::Rows
    operation = 0x25,          // mailbox u32, mod-sequence u64, first UID or 0 u32 -> record::Operation
    expunged = 0x26,           // mailbox u32, mod-sequence u64 -> record::Expunged
    email = 0x27,              // email u64, piece u8 -> record::Email, cut into pieces
    membership = 0x28,         // email u64, mailbox u32 -> Membership
    shared = 0x29,             // email u64 -> nothing: it is or was in more than one mailbox
    last_uid_validity = 0x2a,  // -> u32
    verdicts = 0x2b,           // email u64 -> record::Verdicts; absent: nobody judged it
    removed = 0x2c,            // mailbox u32 -> record::Mailbox: deleted, what it holds not erased yet
};

inline std::string of(Kind kind) {
    return store::Tuple().u8(static_cast<std::uint8_t>(kind));
}
inline std::string of(Kind kind, MailboxId mailbox) {
    return store::Tuple().u8(static_cast<std::uint8_t>(kind)).u32(mailbox.value);
}
inline std::string of(Kind kind, EmailId email) {
    return store::Tuple().u8(static_cast<std::uint8_t>(kind)).u64(email.value);
}
inline std::string chunk(MailboxId mailbox, Uid first) {
    return store::Tuple().u8(static_cast<std::uint8_t>(Kind::chunk)).u32(mailbox.value).u32(first.value);
}
// The first key of a mod-sequence; of Kind::operation or Kind::expunged.
inline std::string at(Kind kind, MailboxId mailbox, ModSequence mod_sequence) {
    return store::Tuple().u8(static_cast<std::uint8_t>(kind)).u32(mailbox.value).u64(mod_sequence.value);
}
inline std::string email(EmailId id, std::uint8_t piece) {
    return store::Tuple().u8(static_cast<std::uint8_t>(Kind::email)).u64(id.value).u8(piece);
}
inline std::string membership(EmailId id, MailboxId mailbox) {
    return store::Tuple().u8(static_cast<std::uint8_t>(Kind::membership)).u64(id.value).u32(mailbox.value);
}

// Counters. Those of a mailbox that is gone stay at 0; its id is never used again.
enum class Counter : std::uint8_t {
    uid = 0x20,       // of a mailbox: its last UID
    messages = 0x21,  // of a mailbox
    unseen = 0x22,
    deleted = 0x23,
    octets = 0x24,
    email_id = 0x25,  // of the account: its last EmailId
    mailbox_id = 0x26,
    account_octets = 0x27,  // what quota counts: a message counts once in every mailbox
    account_messages = 0x28,
};

inline std::string of(Counter counter) {
    return store::Tuple().u8(static_cast<std::uint8_t>(counter));
}
inline std::string of(Counter counter, MailboxId mailbox) {
    return store::Tuple().u8(static_cast<std::uint8_t>(counter)).u32(mailbox.value);
}

}  // namespace heliopost::mailbox::key
