#include "proto/imap/encode.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

// Beyond this a literal is no longer than a quoted string with its escapes, and RFC 9051 §4.3 lets
// servers choose.
constexpr size_t quoted_octets_max = 1'024;

bool can_quote(std::string_view text, Revision revision) {
    if (text.size() > quoted_octets_max) return false;
    bool eight_bit = false;
    for (const char c : text) {
        if (c == '\r' || c == '\n' || c == '\0') return false;
        eight_bit = eight_bit || !is_ascii(c);
    }
    return !eight_bit || (revision == Revision::rev2 && is_utf8(text));
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (;;) {  // mostly one piece
        const size_t plain = std::min(text.find_first_of("\"\\"), text.size());
        out += text.substr(0, plain);
        if (plain == text.size()) break;
        out += '\\';
        out += text[plain];
        text.remove_prefix(plain + 1);
    }
    out += '"';
}

}  // namespace

void append_number(std::string& out, std::uint64_t number) {
    char digits[20];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_literal_header(std::string& out, std::uint64_t octets, bool binary) {
    out += binary ? "~{" : "{";
    append_number(out, octets);
    out += "}\r\n";
}

void append_literal(std::string& out, std::string_view octets) {
    append_literal_header(out, octets.size());
    const size_t start = out.size();
    out += octets;
    std::replace(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), '\0', '\x80');
}

void append_string(std::string& out, std::string_view text, Revision revision) {
    if (can_quote(text, revision))
        append_quoted(out, text);
    else
        append_literal(out, text);
}

void append_astring(std::string& out, std::string_view text, Revision revision) {
    // An atom that reads NIL would be one to a careless reader.
    const bool atom =
        !text.empty() && std::ranges::all_of(text, is_astring_char) && !same_ignoring_case(text, "NIL");
    if (atom)
        out += text;
    else
        append_string(out, text, revision);
}

void append_nstring(std::string& out, const std::optional<std::string>& text, Revision revision) {
    if (text)
        append_string(out, *text, revision);
    else
        out += "NIL";
}

void append_mailbox(std::string& out, std::string_view name, Revision revision) {
    append_astring(out, encode_mailbox_name(name, revision), revision);
}

void append_text(std::string& out, std::string_view text) {
    if (text.empty()) text = "-";
    for (const char c : text) out += (c >= 0 && c < ' ') || c == '\x7F' ? ' ' : c;
}

}  // namespace heliopost::imap
