#include "proto/results/quote.h"

#include "base/text.h"
#include "proto/results/results.h"

namespace heliopost::results {

std::string clean(std::string_view text) {
    std::string out(text.substr(0, value_octets_max));
    if (text.size() > value_octets_max)
        while (!out.empty() && (static_cast<unsigned char>(text[out.size()]) & 0xC0U) == 0x80) out.pop_back();
    const bool utf8 = is_utf8(out);
    for (char& c : out)
        if (is_ascii(c) ? c < ' ' || c == '\x7f' : !utf8) c = '?';
    return out;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string comment_of(std::string_view text) {
    std::string out = "(";
    for (const char c : clean(text)) {
        if (c == '(' || c == ')' || c == '\\') out += '\\';
        out += c;
    }
    return out + ')';
}

}  // namespace heliopost::results
