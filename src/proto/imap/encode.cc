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

// What stands in a text. Vectorised: no early exit.
struct Makeup {
    bool unquotable = false;  // CR, LF or NUL
    bool escapes = false;     // what stands behind a backslash in a quoted string
    bool eight_bit = false;
};
Makeup makeup_of(std::string_view text) {
    unsigned unquotable = 0, escapes = 0, all = 0;
    for (const char c : text) {
        unquotable |= static_cast<unsigned>(c == '\r') | static_cast<unsigned>(c == '\n') |
                      static_cast<unsigned>(c == '\0');
        escapes |= static_cast<unsigned>(c == '"') | static_cast<unsigned>(c == '\\');
        all |= static_cast<unsigned char>(c);
    }
    return {unquotable != 0, escapes != 0, all >= 0x80};
}

void append_quoted(std::string& out, std::string_view text, bool escapes) {
    out += '"';
    if (!escapes) {
        out += text;
    } else {
        for (const char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
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
    if (text.size() > quoted_octets_max) return append_literal(out, text);
    const Makeup makeup = makeup_of(text);
    if (makeup.unquotable || (makeup.eight_bit && (revision != Revision::rev2 || !is_utf8(text))))
        append_literal(out, text);
    else
        append_quoted(out, text, makeup.escapes);
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
