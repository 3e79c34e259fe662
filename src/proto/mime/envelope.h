// The envelope of IMAP (RFC 9051 §7.5.2): a message's main fields, as sent.
//
// Values are unfolded and otherwise raw. nullopt is an absent field (NIL), "" an empty one. sender and
// reply_to are as sent too: sender_or_from() and reply_to_or_from() apply the default.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/mime/address.h"

namespace heliopost::mime {

struct Envelope {
    std::optional<std::string> date;
    std::optional<std::string> subject;
    std::vector<Address> from;
    std::vector<Address> sender;
    std::vector<Address> reply_to;
    std::vector<Address> to;
    std::vector<Address> cc;
    std::vector<Address> bcc;
    std::optional<std::string> in_reply_to;
    std::optional<std::string> message_id;
    std::optional<std::string> references;  // not in ENVELOPE; threads need it

    const std::vector<Address>& sender_or_from() const { return sender.empty() ? from : sender; }
    const std::vector<Address>& reply_to_or_from() const { return reply_to.empty() ? from : reply_to; }

    bool operator==(const Envelope&) const = default;
};

// Of a whole header block. The first field of a name counts.
Envelope parse_envelope(std::string_view header_block, const Limits& limits = {});

// The subject as UTF-8, encoded words decoded; "" where absent.
std::string decoded_subject(const Envelope& envelope);

// RFC 5256 §2.1: the subject (decoded, UTF-8) without "Re:", "Fwd:", "[list]" and "(fwd)".
std::string base_subject(std::string_view subject);

}  // namespace heliopost::mime
