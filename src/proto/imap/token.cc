#include "proto/imap/token.h"

#include <limits>

#include "base/text.h"

namespace heliopost::imap {
namespace {

// list-char = ATOM-CHAR / list-wildcards / resp-specials
bool is_list_char(char c) {
    return is_astring_char(c) || c == '%' || c == '*';
}

// QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials / UTF8-2 / UTF8-3 / UTF8-4
bool is_plain_quoted(char c) {
    return c != '"' && c != '\\' && c != '\r' && c != '\n' && c != '\0';
}

// quoted = DQUOTE *QUOTED-CHAR DQUOTE
Result<std::string> parse_quoted(Cursor& in) {
    TRY(in.expect('"'));
    std::string text;
    for (;;) {
        text += in.take_while(is_plain_quoted);
        if (in.take('"')) break;
        if (!in.take('\\') || (in.peek() != '"' && in.peek() != '\\'))
            return fail(Fault::syntax, "bad quoted string");
        text += in.next();
    }
    // Deviates from RFC 3501 §9 because clients send UTF-8 here before they enable anything.
    if (!is_utf8(text)) return fail(Fault::syntax, "quoted string is not UTF-8");
    return text;
}

// literal = "{" number64 ["+"] "}" CRLF *CHAR8
Result<std::string> parse_literal(Cursor& in) {
    const LiteralHeader header = TRY(parse_literal_header(in));
    if (header.binary) return fail(Fault::syntax, "literal8 not allowed here");
    if (header.octets > in.left()) return fail(Fault::syntax, "literal cut short");
    const auto octets = in.take_octets(static_cast<size_t>(header.octets));
    if (octets.contains('\0')) return fail(Fault::syntax, "NUL in a literal");
    return std::string(octets);
}

Result<std::uint64_t> parse_digits(Cursor& in, std::uint64_t largest) {
    const auto number = to_number(in.take_while(is_digit));
    if (!number) return fail(Fault::syntax, "expected a number");
    if (*number > largest) return fail(Fault::syntax, "number too large");
    return *number;
}

}  // namespace

bool is_atom_char(char c) {
    if (c <= ' ' || c >= 0x7F) return false;  // 8-bit too, char signed or not
    switch (c) {
        case '(':
        case ')':
        case '{':
        case '%':
        case '*':
        case '"':
        case '\\':
        case ']':
            return false;
        default:
            return true;
    }
}

bool is_astring_char(char c) {
    return c == ']' || is_atom_char(c);
}

Result<> expect_space(Cursor& in) {
    if (in.take(' ')) return {};
    return fail(Fault::syntax, in.done() ? "missing argument" : "expected a space");
}

Result<std::string_view> parse_atom(Cursor& in) {
    const auto atom = in.take_while(is_atom_char);
    if (atom.empty()) return fail(Fault::syntax, "expected an atom");
    return atom;
}

Result<std::string> parse_string(Cursor& in) {
    if (in.peek() == '"') return parse_quoted(in);
    if (in.peek() == '{') return parse_literal(in);
    return fail(Fault::syntax, "expected a string");
}

Result<std::string> parse_astring(Cursor& in) {
    const auto word = in.take_while(is_astring_char);
    if (word.empty()) return parse_string(in);
    return std::string(word);
}

// nstring = string / nil
Result<std::optional<std::string>> parse_nstring(Cursor& in) {
    if (in.take_word("NIL")) return std::nullopt;
    return TRY(parse_string(in));
}

Result<std::string> parse_list_mailbox(Cursor& in) {
    const auto word = in.take_while(is_list_char);
    if (word.empty()) return parse_string(in);
    return std::string(word);
}

Result<std::string> parse_mailbox(Cursor& in, Revision revision) {
    const std::string wire = TRY(parse_astring(in));
    return decode_mailbox_name(wire, revision);
}

Result<LiteralHeader> parse_literal_header(Cursor& in) {
    LiteralHeader header;
    header.binary = in.take('~');
    TRY(in.expect('{'));
    header.octets = TRY(parse_number64(in));
    header.synchronising = !in.take('+');
    TRY(in.expect('}'));
    if (!in.take_word("\r\n")) return fail(Fault::syntax, "expected a line end after the literal's size");
    return header;
}

Result<std::uint32_t> parse_number(Cursor& in) {
    return static_cast<std::uint32_t>(TRY(parse_digits(in, std::numeric_limits<std::uint32_t>::max())));
}

Result<std::uint32_t> parse_nz_number(Cursor& in) {
    // nz-number = digit-nz *DIGIT: no leading zero
    if (in.peek() == '0') return fail(Fault::syntax, "a number from 1 on, without leading zero");
    return parse_number(in);
}

Result<std::uint64_t> parse_number64(Cursor& in) {
    return parse_digits(in, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
}

Result<ModSequence> parse_mod_sequence(Cursor& in, ZeroModSequence zero) {
    const std::uint64_t value = TRY(parse_number64(in));
    if (value == 0 && zero == ZeroModSequence::refused)
        return fail(Fault::syntax, "a mod-sequence is at least 1");
    return ModSequence(value);
}

}  // namespace heliopost::imap
