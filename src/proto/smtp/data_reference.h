// The plain words of RFC 5321 §4.1.1.4 and §4.5.2, slow and simple: what the decoder of DATA is held against
// in its test and its fuzz target.
#pragma once

#include <string>
#include <string_view>

#include "proto/smtp/line_scan.h"

namespace heliopost::smtp {

struct Decoded {
    bool done = false;
    size_t consumed = 0;
    std::string message;
    Defects defects;
    bool operator==(const Decoded&) const = default;
};

inline Defects defects_of(std::string_view message) {
    Defects defects;
    size_t line_start = 0;
    for (size_t n = 0; n < message.size(); ++n) {
        const bool pair = message[n] == '\r' && n + 1 < message.size() && message[n + 1] == '\n';
        if (pair) {
            if (n - line_start > message_line_octets_max) defects.long_line = true;
            line_start = n + 2;
            ++n;
        } else if (message[n] == '\r') {
            defects.bare_cr = true;
        } else if (message[n] == '\n') {
            defects.bare_lf = true;
        }
    }
    if (message.size() - line_start > message_line_octets_max) defects.long_line = true;
    return defects;
}

inline Decoded decode_plainly(std::string_view octets) {
    const std::string whole = "\r\n" + std::string(octets);
    const size_t end = whole.find("\r\n.\r\n");
    if (end == std::string::npos) return {false, octets.size(), {}, {}};
    Decoded out{true, end + 3, {}, {}};
    std::string_view rest = std::string_view(whole).substr(2, end);
    while (!rest.empty()) {
        size_t line = rest.find("\r\n");
        line = line == std::string_view::npos ? rest.size() : line + 2;
        out.message += rest.substr(rest[0] == '.' ? 1 : 0, line - (rest[0] == '.' ? 1 : 0));
        rest.remove_prefix(line);
    }
    out.defects = defects_of(out.message);
    return out;
}

}  // namespace heliopost::smtp
