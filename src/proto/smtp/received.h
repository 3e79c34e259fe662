// Trace fields: Received, Return-Path, and the limit that stops a loop.
//
// RFC 5321 §4.4, RFC 3848 and RFC 6531 §4.3 (with), RFC 8314 §4.3 (tls), §6.3 (loops). Time comes from the
// caller; whatever a peer said is written so that it cannot end the field or a comment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "proto/smtp/address.h"

namespace heliopost::smtp {

inline constexpr size_t received_fields_max = 100;  // RFC 5321 §6.3: "normally at least 100"

struct Protocol {
    bool lmtp = false;
    bool extended = true;  // EHLO, not HELO
    bool tls = false;
    bool authenticated = false;
    bool smtputf8 = false;
};

std::string with_keyword(const Protocol& protocol);  // "ESMTPSA", "UTF8SMTPS", "LMTP"

struct Trace {
    std::string helo;            // empty, with an empty address: no from clause (submission)
    std::string client_name;     // verified reverse name, or empty
    std::string client_address;  // "192.0.2.1", "2001:db8::1", or empty
    std::string by;
    Protocol protocol;
    std::string id;             // the queue id
    std::string tls_version;    // "TLSv1.3", or empty
    std::string tls_cipher;     // "TLS_AES_256_GCM_SHA384"
    std::string for_recipient;  // an address, or empty: never with several recipients, RFC 5321 §7.2
    Time time;
};

std::string format_received(const Trace& trace);              // folded, with CRLF
std::string format_return_path(const Address& reverse_path);  // with CRLF
std::string format_date(Time time);                           // "Mon, 23 Nov 2026 08:15:30 +0000"

}  // namespace heliopost::smtp
