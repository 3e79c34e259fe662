// An account's mail, a mailbox of it, or one message, out of a backup and into a store that is in use.
//
// What is restored goes to "Restored/DATE/NAME", DATE being the backup's (restored_name.h), or, in place, to
// the mailbox where it was. There it comes under new UIDs; a message whose octets the mailbox holds already
// is passed over, so that to restore twice changes nothing. A mailbox that is made again has a UIDVALIDITY
// above all before. Flags, keywords and internal dates are kept. A message or a mailbox that cannot be
// restored is told of and counted, and keeps nothing else back; a full disk, or an interrupt, ends it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "main/mail_target.h"
#include "store/rocks_store.h"

namespace heliopost {

struct MailChoice {
    std::string account;               // its address
    std::string mailbox;               // empty: all
    std::string message_id;            // empty: all; with or without angle brackets
    std::optional<std::uint32_t> uid;  // in the mailbox, as it was
    bool in_place = false;
    std::string date;  // of the backup, for the name
};

struct MailRestored {
    std::size_t mailboxes = 0;
    std::size_t messages = 0;
    std::size_t present = 0;  // passed over
    std::size_t failed = 0;   // told of, and not restored
};

// A line for each that failed.
using TellFailed = std::function<void(const std::string& line)>;

// All outlive the task; `from` is a backup's store, opened for reading.
net::Task<Result<MailRestored>> restore_mail(net::World* world, store::RocksStore* from, MailTarget* to,
                                             MailChoice choice, TellFailed tell_failed);

}  // namespace heliopost
