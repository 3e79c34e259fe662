// Macros of SPF: text with %{letters} that stand for parts of the message's path, RFC 7208 §7.
//
// parse_*() keeps the text as parts that refer to it by copy; expand() fills them in. %{p} needs the DNS: ask
// uses_validated_name() and look it up first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "base/result.h"

namespace heliopost::spf {

// Labels of an expansion that are counted from the right, RFC 7208 §7.3; more is all of them.
inline constexpr unsigned macro_labels_max = 128;
// Literals and macros of one text; more is refused. A name has 253 octets: no real one has as many parts, and
// a record of 64 KB could ask for 16,000.
inline constexpr size_t macro_parts_max = 256;
inline constexpr size_t expansion_octets_max = 4'096;  // of expand(); the rest is cut off

// RFC 7208 §7.2
struct MacroValues {
    std::string local_part;     // of the sender, "postmaster" where it has none
    std::string sender_domain;  // of MAIL FROM, or the HELO identity
    std::string domain;         // that is evaluated
    std::string client;  // "192.0.2.1", or the 32 nibbles (upper case) of an IPv6 address with dots between
    std::string readable_client;  // "192.0.2.1", "2001:db8::1"
    std::string validated_name;   // "unknown" where there is none
    std::string helo;
    std::string receiver;
    std::int64_t seconds = 0;  // since 1970
    bool ipv6 = false;
};

struct MacroPart {
    std::string literal;  // when letter is 0
    char letter = 0;      // lower case
    bool url_escape = false;
    bool reverse = false;
    unsigned labels = 0;  // from the right; 0: all
    std::string delimiters;
    bool operator==(const MacroPart&) const = default;
};

class MacroString {
public:
    MacroString() = default;
    explicit MacroString(std::vector<MacroPart> parts) : parts_(std::move(parts)) {}

    bool empty() const { return parts_.empty(); }
    bool uses_validated_name() const;
    // As it stands in an explanation or a modifier's value, up to expansion_octets_max.
    std::string expand(const MacroValues& values) const;
    // As a domain name: without its final dot, and with labels dropped from the left until it fits into 253
    // octets, RFC 7208 §7.3. Where its last label alone is longer, it is the end of that, and no name. Builds
    // no more than such a name and one part.
    std::string expand_domain(const MacroValues& values) const;

    bool operator==(const MacroString&) const = default;

private:
    std::vector<MacroPart> parts_;
};

// macro-string, whole; the letters c, r and t are refused.
Result<MacroString> parse_macro_string(std::string_view text);
// domain-spec: a macro-string that ends in a top label or a macro.
Result<MacroString> parse_domain_spec(std::string_view text);
// explain-string: with spaces, and with the letters c, r and t. RFC 7208 §6.2
Result<MacroString> parse_explanation(std::string_view text);

}  // namespace heliopost::spf
