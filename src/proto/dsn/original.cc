#include "proto/dsn/original.h"

#include <algorithm>
#include <iterator>

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

// The last blank before a word: within the first `room` octets, else the first one behind them. npos: there
// is none, or nothing stands before it.
size_t fold_at(std::string_view text, size_t room) {
    size_t cut = text.substr(0, room).rfind(' ');
    if (cut != std::string_view::npos && text[cut + 1] == ' ') {
        cut = text.find_last_not_of(' ', cut);
        if (cut != std::string_view::npos) cut = text.rfind(' ', cut);
    }
    if (cut != std::string_view::npos && cut != 0) return cut;
    const size_t word = text.find_first_not_of(' ', text.find(' ', room));
    return word == std::string_view::npos ? word : word - 1;
}

// Which lines of a header a summary has.
class Summary {
public:
    bool wants(std::string_view line, size_t octets) {
        if (line[0] != ' ' && line[0] != '\t') {
            octets_ = 0;
            wanted_ = false;
            for (size_t i = 0; i < std::size(names); ++i)
                if (!seen_[i] && same_ignoring_case(line.substr(0, line.find_first_of(": \t")), names[i]))
                    wanted_ = seen_[i] = true;
        }
        octets_ += octets;
        wanted_ &= octets_ <= summary_field_octets_max;
        return wanted_;
    }

private:
    static constexpr std::string_view names[] = {"From", "To", "Subject", "Date", "Message-ID"};
    bool seen_[std::size(names)] = {};
    bool wanted_ = false;
    size_t octets_ = 0;
};

}  // namespace

std::string clean_line(std::string_view text, size_t octets_max) {
    std::string out(shorten(text, octets_max));
    const bool utf8 = is_utf8(out);
    for (char& c : out)
        if (is_control(c) || (!utf8 && !is_ascii(c))) c = '?';
    return out;
}

std::string squeeze(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

Original original_header(std::string_view message, bool summary) {
    Original original;
    std::string& out = original.header;
    Summary chosen;
    while (!message.empty()) {
        const size_t end = message.find_first_of("\r\n");
        const auto line = message.substr(0, end);
        if (line.empty()) break;  // the empty line, or a bare line end that some would take for one
        const bool blank = line.find_first_not_of(" \t") == std::string_view::npos;
        const size_t octets = std::min(line.size(), line_octets_max) + 2;
        const bool full = out.size() + octets > original_header_octets_max;
        original.cut |= line.size() > line_octets_max;
        if (full && !summary) {
            original.cut = true;
            break;
        }
        if (!blank && summary && !chosen.wants(line, octets)) {
            original.cut = true;
        } else if (!blank) {
            out += shorten(line, line_octets_max);
            out += "\r\n";
        }
        if (end == std::string_view::npos) break;
        message.remove_prefix(end + (message.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    const bool utf8 = is_utf8(out);
    for (char& c : out)
        if ((!utf8 && !is_ascii(c)) || (is_control(c) && c != '\t' && c != '\r' && c != '\n')) c = '?';
    return original;
}

std::string fold(std::string_view text, std::string_view indent) {
    std::string out;
    size_t room = fold_octets_at;
    while (text.size() > room) {
        size_t cut = fold_at(text, room);
        const bool forced = cut == std::string_view::npos || cut > word_octets_max;
        if (forced) cut = shorten(text, word_octets_max).size();
        std::string_view rest = text.substr(cut);
        // RFC 5322 §3.2.2: no line of blanks alone.
        rest.remove_prefix(forced ? std::min(rest.find_first_not_of(' '), rest.size()) : 1);
        out += text.substr(0, cut);
        text = rest;
        if (rest.empty()) break;
        out += "\r\n";
        out += indent;
        room = fold_octets_at - indent.size();
    }
    out += text;
    return out;
}

}  // namespace heliopost::dsn
