// Parameters of Content-Type and Content-Disposition, and the fields they stand in.
//
// parse_* read what senders write, not only what the grammar allows: they never fail, they give what
// they could make out. Values are kept as sent but for quoting: a parameter split or encoded by RFC 2231
// stays as its pieces (name*0*, name*1, ...) as IMAP's BODYSTRUCTURE shows them, and find_parameter()
// puts them together and decodes them.
//
// RFC 2045 §5.1, RFC 2183 §2, RFC 2231 §3-§4.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/mime/limits.h"

namespace heliopost::mime {

struct Parameter {
    std::string name;   // as sent, "*" and digits of RFC 2231 included
    std::string value;  // without quotes and comments; not decoded

    bool operator==(const Parameter&) const = default;
};
using Parameters = std::vector<Parameter>;

struct ContentType {
    std::string type;  // as sent; both empty where the value has no type
    std::string subtype;
    Parameters parameters;

    bool operator==(const ContentType&) const = default;
};
ContentType parse_content_type(std::string_view value, const Limits& limits = {});

struct Disposition {
    std::string type;  // as sent: "attachment", "inline"; empty where the field is absent
    Parameters parameters;

    bool operator==(const Disposition&) const = default;
};
Disposition parse_disposition(std::string_view value, const Limits& limits = {});

// The value as UTF-8: RFC 2231 pieces joined in order and decoded, encoded words (which RFC 2047 §5
// forbids here and many senders write) decoded too. Nothing where the parameter is absent.
std::optional<std::string> find_parameter(const Parameters& parameters, std::string_view name);

// The boundary as octets, for it is compared with octets: RFC 2231 pieces joined, nothing read as a charset
// or as an encoded word ("=?a?q?b?=" is a correct boundary: RFC 2046 §5.1.1). Empty where there is none.
std::string find_boundary(const Parameters& parameters);

}  // namespace heliopost::mime
