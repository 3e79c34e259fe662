// A mailbox as SMTP writes it: local part, "@", domain or address literal.
//
// Pure functions: octets in, value or error out. What a domain means (is it ours? does it exist?) is for
// directory/ and transport/. Controls and NUL are refused everywhere, invalid UTF-8 too.
//
// RFC 5321 §4.1.2 (syntax), §4.1.3 (literals), §4.5.3.1 (limits), RFC 6531 §3.3 (internationalised).
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/cursor.h"
#include "base/result.h"

namespace heliopost::smtp {

// Deviates from RFC 5321 §4.5.3.1.1 (64) because bounce addresses of mailing lists, which name a recipient
// within a local part (VERP, SRS), are longer; §4.5.3.1 itself asks for techniques without limits.
inline constexpr size_t local_part_octets_max = 255;
inline constexpr size_t domain_octets_max = 255;  // RFC 5321 §4.5.3.1.2

struct Address {
    std::string local_part;  // unquoted, case kept: RFC 5321 §2.4
    std::string domain;      // as sent, or "[192.0.2.1]", "[IPv6:...]"

    bool null() const { return local_part.empty() && domain.empty(); }   // the path <>
    bool bare() const { return !local_part.empty() && domain.empty(); }  // <postmaster> alone
    bool literal() const { return !domain.empty() && domain.front() == '['; }
    bool ascii() const;  // false: needs SMTPUTF8
    bool operator==(const Address&) const = default;
    auto operator<=>(const Address&) const = default;
};

// Reads Local-part "@" ( Domain / address-literal ) and stops behind it. Fault::syntax.
Result<Address> parse_mailbox(Cursor& in);

// The whole text is one mailbox, without brackets: for configuration, command lines, header fields.
Result<Address> parse_address(std::string_view text);

// Prints so that it parses to the same value; quotes the local part where needed. "" for the null path,
// the local part alone for a bare one.
std::string to_string(const Address& address);

// "[192.0.2.1]", "[IPv6:2001:db8::1]": well-formed? RFC 5321 §4.1.3
bool is_address_literal(std::string_view text);

// The one spelling by which domains are compared and looked up: lower case A-labels (UTS #46
// non-transitional, RFC 5891), without the root's dot. Literals are lower-cased only. Fault::syntax.
Result<std::string> normalise_domain(std::string_view domain);

// For people to read: U-labels where they decode, else as it was.
std::string domain_for_display(std::string_view domain);

}  // namespace heliopost::smtp
