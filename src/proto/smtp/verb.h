// The verbs of SMTP and LMTP.
#pragma once

#include <cstdint>
#include <string_view>

namespace heliopost::smtp {

enum class Verb : std::uint8_t {
    helo,
    ehlo,
    lhlo,  // RFC 2033 §4.1
    starttls,
    auth,
    mail,
    rcpt,
    data,
    bdat,       // RFC 3030 §2; not the last chunk
    bdat_last,  // BDAT with LAST: another order rule, so another verb
    rset,
    noop,
    quit,
    vrfy,
    expn,
    help,
    http,  // GET, POST, ...: somebody else's protocol; cut the connection (ALPACA, cross-protocol attacks)
};

std::string_view name_of(Verb verb);

}  // namespace heliopost::smtp
