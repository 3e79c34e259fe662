// Authentication-Results: what a server found out about a message, as one field. RFC 8601.
//
// write_field() makes the one field of ours out of any values: what a token cannot hold is quoted, what would
// end a comment or a line is not let through. parse_results() reads what others wrote. claims_to_be() says
// which of the incoming fields bear our name, and so must go before ours is added (§5).
//
// No I/O, no state. Internationalised values stay UTF-8 (RFC 8601 §2.5, RFC 6532).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace heliopost::results {

inline constexpr size_t methods_max = 64;             // of one field; real ones have fewer than ten
inline constexpr size_t properties_max = 32;          // of one method
inline constexpr size_t results_octets_max = 65'536;  // of a field that is read
inline constexpr size_t value_octets_max = 512;       // of a value that is written; the rest is cut off

// propspec: "smtp.mailfrom=a.example"
struct Property {
    std::string type;  // "smtp", "header", "body", "policy"
    std::string name;
    std::string value;  // unquoted
    bool operator==(const Property&) const = default;
};

// resinfo: "dkim=pass (2048 bits) reason="..." header.d=a.example"
struct Method {
    std::string name;     // lower case, without its version
    std::string verdict;  // lower case
    std::string comment;
    std::string reason;
    std::vector<Property> properties;
    bool operator==(const Method&) const = default;

    // The value of the first property of that name; empty where there is none.
    std::string_view property(std::string_view type, std::string_view name) const;
};

struct Results {
    std::string server;           // authserv-id
    std::vector<Method> methods;  // none: "none", §2.2
    bool operator==(const Results&) const = default;
};

// The value of an Authentication-Results field. Fault::syntax, or Fault::too_large past the limits.
Result<Results> parse_results(std::string_view value);

// The whole field, folded, with its line end; and what stands behind its colon, as ARC wants it.
std::string write_field(const Results& results);
std::string write_value(const Results& results);

// Whether a field's value names one of these servers, in any spelling (case, quotes, comments, U-labels,
// final dot), or none that can be read: whoever trusts us might read it as ours.
bool claims_to_be(std::string_view value, const std::vector<std::string>& servers);

// The results that the header's fields of this server hold, one after the other, as they are written, and the
// server's name before them: RFC 8617 §4.1.1. Empty where it has none.
std::string merged_value(std::string_view header, std::string_view server);

}  // namespace heliopost::results
