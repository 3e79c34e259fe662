// One SMTP or LMTP command line, read to its values.
//
// The text comes without its CRLF; the server has cut it from the stream, past no limit below. A refusal is
// the Reply to send: 500 5.5.2 unknown verb or line too long, 501 5.5.2 or 5.5.4 syntax, 501 5.1.3 / 5.1.7
// bad address, 552 5.3.4 a SIZE beyond all numbers, 555 5.5.4 a parameter of an extension that was not
// announced, 553 5.6.7 SMTPUTF8 missing. Whether the command may come now is for order.h. Behind a BDAT that
// is refused here nobody knows how many octets follow: the server closes (find_verb() tells).
//
// RFC 5321 §4.1.1, RFC 1870, RFC 3030, RFC 3207, RFC 3461 §4, RFC 4954, RFC 6152, RFC 6531, RFC 2033.
// Deviates from RFC 5321 §3.3 by accepting spaces behind "FROM:" and "TO:", as many clients send them.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/smtp/address.h"
#include "proto/smtp/extension.h"
#include "proto/smtp/reply.h"
#include "proto/smtp/verb.h"

namespace heliopost::smtp {

// 512 (RFC 5321 §4.5.3.1.4) and what extensions add: AUTH= 500, ORCPT 500, ENVID 100, SIZE 26, ...
inline constexpr size_t command_octets_max = 2'048;
inline constexpr size_t auth_command_octets_max = 12'288;  // RFC 4954 §4
inline constexpr size_t parameters_max = 16;
inline constexpr size_t envelope_id_octets_max = 100;         // RFC 3461 §4.4
inline constexpr size_t original_recipient_octets_max = 500;  // RFC 3461 §4.2

struct Parameter {
    std::string keyword;  // upper case
    std::optional<std::string> value;
    bool operator==(const Parameter&) const = default;
};

enum class Body : std::uint8_t { seven_bit, eight_bit_mime, binary_mime };
enum class Return : std::uint8_t { unspecified, full, headers };  // RET, RFC 3461 §4.3

// NOTIFY, RFC 3461 §4.1. Unspecified: failure and, at our choice, delay.
struct Notify {
    bool specified = false;
    bool success = false;
    bool failure = false;
    bool delay = false;
    bool never() const { return specified && !success && !failure && !delay; }
    bool operator==(const Notify&) const = default;
};

struct OriginalRecipient {
    std::string type;     // "rfc822", "utf-8": lower case
    std::string address;  // decoded from xtext
    bool operator==(const OriginalRecipient&) const = default;
};

struct Hello {
    std::string name;  // as sent: a domain or an address literal
};
struct Auth {
    std::string mechanism;                        // upper case
    std::optional<std::string> initial_response;  // base64 or "=" as sent: sasl::decode_initial_response
};
struct Mail {
    Address reverse_path;
    std::optional<std::uint64_t> size;
    Body body = Body::seven_bit;
    bool smtputf8 = false;
    Return ret = Return::unspecified;
    std::optional<std::string> envelope_id;  // decoded from xtext
    std::optional<std::string> auth;         // AUTH=, decoded; "<>" is unknown: RFC 4954 §5
    std::vector<Parameter> parameters;       // all of them, as sent
};
struct Rcpt {
    Address forward_path;  // not ascii() without SMTPUTF8 in MAIL: the server says 553 5.6.7
    Notify notify;
    std::optional<OriginalRecipient> original_recipient;
    std::vector<Parameter> parameters;
};
struct Bdat {
    std::uint64_t size = 0;
    bool last = false;
};
struct Text {
    std::string text;  // VRFY, EXPN, HELP, NOOP
};

struct Command {
    Verb verb = Verb::noop;
    std::variant<std::monostate, Hello, Auth, Mail, Rcpt, Bdat, Text> argument;
};

std::expected<Command, Reply> parse_command(std::string_view line, Extensions announced);

// The verb alone, to know which line limit holds before the line is whole; nothing if unknown.
std::optional<Verb> find_verb(std::string_view line);

// The client's lines, with CRLF. Parameters are written only where they say something.
std::string format_mail(const Mail& mail);
std::string format_rcpt(const Rcpt& rcpt);

}  // namespace heliopost::smtp
