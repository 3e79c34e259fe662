// The domain in From that DMARC asks about, and what is odd about the field. RFC 9989 §5.3.1.
//
// A reader sees From and believes it; so whatever would let the judged domain and the shown one differ is
// said: a second From, several domains, no address, octets that end a C string. Such a message has no author
// domain, and `problem` says why; what the display name only pretends is a warning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heliopost::dmarc {

inline constexpr size_t author_addresses_max = 64;  // in From; more have no author
inline constexpr size_t author_warnings_max = 4;

enum class AuthorProblem : std::uint8_t {
    none,
    missing,          // no From field
    several_fields,   // RFC 5322 §3.6 allows one
    no_address,       // an empty field or group, only names
    several_domains,  // RFC 9989 §5.3.1: not for DMARC to judge
    too_many,         // addresses
    malformed,        // control characters, a domain that is none
    literal,          // an address literal has no record
    not_read,         // the header was too long to look for one
};

struct Author {
    std::string domain;  // A-labels, lower case, without a final dot; empty where there is a problem
    AuthorProblem problem = AuthorProblem::none;
    std::string reason;                 // of the problem, in words
    std::vector<std::string> warnings;  // in words: "the name shows the domain bank.example"

    bool operator==(const Author&) const = default;
};

Author read_author(std::string_view header);

}  // namespace heliopost::dmarc
