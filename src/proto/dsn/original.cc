#include "proto/dsn/original.h"

#include <algorithm>

#include "base/text.h"
#include "proto/dsn/report.h"

namespace heliopost::dsn {
namespace {

constexpr size_t fold_octets_at = 76;
constexpr size_t line_octets_max = 998;  // RFC 5322 §2.1.1
constexpr size_t word_octets_max = 900;  // below it

bool is_control(char c) {
    return (c >= 0 && c < ' ') || c == '\x7f';
}

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// At most octets_max, and no UTF-8 character in halves.
std::string_view shorten(std::string_view text, size_t octets_max) {
    if (text.size() <= octets_max) return text;
    size_t end = octets_max;
    while (end > 0 && octets_max - end < 3 && continues_character(text[end])) --end;
    return text.substr(0, end);
}

}  // namespace

std::string clean_line(std::string_view text, size_t octets_max) {
    std::string out(shorten(text, octets_max));
    const bool utf8 = is_utf8(out);
    for (char& c : out)
        if (is_control(c) || (!utf8 && !is_ascii(c))) c = '?';
    return out;
}

std::string original_header(std::string_view message) {
    std::string out;
    while (!message.empty()) {
        const size_t end = message.find_first_of("\r\n");
        const auto line = message.substr(0, end);
        if (line.empty()) break;  // the empty line, or a bare line end that some would take for one
        if (out.size() + std::min(line.size(), line_octets_max) + 2 > original_header_octets_max) break;
        out += shorten(line, line_octets_max);
        out += "\r\n";
        if (end == std::string_view::npos) break;
        message.remove_prefix(end + (message.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    const bool utf8 = is_utf8(out);
    for (char& c : out)
        if ((!utf8 && !is_ascii(c)) || (is_control(c) && c != '\t' && c != '\r' && c != '\n')) c = '?';
    return out;
}

std::string fold(std::string_view text, std::string_view indent) {
    std::string out;
    size_t room = fold_octets_at;
    while (text.size() > room) {
        size_t cut = text.substr(0, room).rfind(' ');
        if (cut == std::string_view::npos || cut == 0) cut = text.find(' ', room);
        if (cut == std::string_view::npos || cut > word_octets_max) {
            cut = shorten(text, word_octets_max).size();
            if (cut == text.size()) break;
        }
        out += text.substr(0, cut);
        out += "\r\n";
        out += indent;
        text.remove_prefix(cut);
        if (text.starts_with(' ')) text.remove_prefix(1);
        room = fold_octets_at - indent.size();
    }
    out += text;
    return out;
}

}  // namespace heliopost::dsn
