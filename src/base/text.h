// Small functions on ASCII and UTF-8 text. ASCII only where case or classes are meant: the locale
// never decides what a protocol says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heliopost {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_alnum(char c) {
    return is_digit(c) || is_alpha(c);
}
constexpr bool is_space(char c) {
    return c == ' ' || c == '\t';
}  // WSP, RFC 5234 §B.1
constexpr bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}
constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

constexpr bool same_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}
constexpr bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
    return text.size() >= start.size() && same_ignoring_case(text.substr(0, start.size()), start);
}

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

// Without SP, HTAB, CR and LF at both ends.
std::string_view trim(std::string_view text);

// The words between separators, empty ones too; "" gives one empty word.
std::vector<std::string_view> split(std::string_view text, char separator);

// The whole text as a decimal number without sign; nothing on any other octet or on overflow.
std::optional<std::uint64_t> to_number(std::string_view text);

// Whether a domain name is the domain or lies below it, in any case; neither has a final dot.
bool is_at_or_below(std::string_view name, std::string_view domain);

bool is_ascii_text(std::string_view text);

// The text for a terminal: '?' in place of each control character (line ends too), of what turns the
// direction of writing round, and of octets that are not UTF-8.
std::string printable(std::string_view text);

// RFC 3629: no surrogates, no overlong forms, nothing past U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace heliopost
