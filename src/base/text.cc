#include "base/text.h"

#include <algorithm>
#include <charconv>

namespace heliopost {
namespace {

constexpr std::size_t utf8_longest = 4;  // of a character

}  // namespace

std::string to_lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

std::string to_upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), upper);
    return out;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> words;
    for (;;) {
        const auto end = text.find(separator);
        words.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return words;
        text.remove_prefix(end + 1);
    }
}

std::optional<std::uint64_t> to_number(std::string_view text) {
    if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_at_or_below(std::string_view name, std::string_view domain) {
    if (name.size() < domain.size()) return false;
    const std::string_view end = name.substr(name.size() - domain.size());
    return same_ignoring_case(end, domain) &&
           (end.size() == name.size() || name[name.size() - end.size() - 1] == '.');
}

bool is_ascii_text(std::string_view text) {
    return std::ranges::all_of(text, is_ascii);
}

std::string printable(std::string_view text) {
    // U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069
    const auto turns = [](std::string_view c) {
        return (c >= "\xe2\x80\x8e" && c <= "\xe2\x80\x8f") || (c >= "\xe2\x80\xaa" && c <= "\xe2\x80\xae") ||
               (c >= "\xe2\x81\xa6" && c <= "\xe2\x81\xa9");
    };
    const auto control = [](std::string_view c) {
        return static_cast<unsigned char>(c[0]) < 0x20 || c[0] == 0x7f ||
               (c >= "\xc2\x80" && c <= "\xc2\x9f");
    };
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t octets = 1;  // of one character
        while (octets < utf8_longest && i + octets < text.size() && !is_utf8(text.substr(i, octets)))
            ++octets;
        const std::string_view one = text.substr(i, octets);
        const bool good = is_utf8(one);
        out += good && !control(one) && !turns(one) ? one : std::string_view("?");
        i += good ? octets : 1;
    }
    return out;
}

bool is_utf8(std::string_view text) {
    const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    for (size_t i = 0; i < text.size();) {
        const unsigned char c = at(i);
        if (c < 0x80) {
            ++i;
            continue;
        }
        // RFC 3629 §4: the second octet's range depends on the first.
        size_t tail = 0;
        unsigned char low = 0x80;
        unsigned char high = 0xBF;
        if (c >= 0xC2 && c <= 0xDF) tail = 1;
        if (c >= 0xE0 && c <= 0xEF) tail = 2;
        if (c >= 0xF0 && c <= 0xF4) tail = 3;
        if (tail == 0 || text.size() - i <= tail) return false;
        if (c == 0xE0) low = 0xA0;
        if (c == 0xED) high = 0x9F;
        if (c == 0xF0) low = 0x90;
        if (c == 0xF4) high = 0x8F;
        if (at(i + 1) < low || at(i + 1) > high) return false;
        for (size_t k = 2; k <= tail; ++k)
            if ((at(i + k) & 0xC0) != 0x80) return false;
        i += tail + 1;
    }
    return true;
}

}  // namespace heliopost
