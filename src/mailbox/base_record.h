// Base: what the chunks of one mailbox have in common; its record.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mailbox/view.h"

namespace heliopost::mailbox {

struct Base {
    ModSequence mod_sequence;  // all operations up to this one are in the chunks, and gone from the log
    Uid uid_next{1};
    std::vector<std::string> keywords;
    ModSequence expunged_floor;
};

std::string encode_base(const Base& base);
Result<Base> decode_base(const std::optional<std::string>& octets);  // absent: a mailbox never rewritten

std::string encode_mailbox(const Mailbox& mailbox);
Result<Mailbox> decode_mailbox(MailboxId id, std::string_view octets);

}  // namespace heliopost::mailbox
