// What an EHLO or LHLO reply announces: written by our server, read by our client.
//
// RFC 5321 §4.1.1.1 and the extensions of extension.h. What we do not know is kept in `others`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/smtp/extension.h"
#include "proto/smtp/reply.h"

namespace heliopost::smtp {

struct Capabilities {
    std::string domain;  // the name by which the server greets
    Extensions extensions;
    std::uint64_t size_max = 0;       // 0: no fixed limit, RFC 1870 §4
    std::vector<std::string> auth;    // mechanisms, upper case
    std::vector<std::string> others;  // whole lines
    bool operator==(const Capabilities&) const = default;
};

Reply ehlo_reply(const Capabilities& capabilities);

// From a 250 reply to EHLO or LHLO; a HELO reply gives no extensions. Never fails: a malformed line is
// an unknown extension.
Capabilities parse_ehlo_reply(const Reply& reply);

}  // namespace heliopost::smtp
