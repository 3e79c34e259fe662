#include "proto/smtp/xtext.h"

#include "base/cursor.h"
#include "base/text.h"

namespace heliopost::smtp {
namespace {

constexpr std::string_view upper_digits = "0123456789ABCDEF";

// xchar = any ASCII CHAR between "!" (33) and "~" (126) inclusive, except for "+" and "="
bool is_xchar(char c) {
    return c >= '!' && c <= '~' && c != '+' && c != '=';
}

// QCHAR, RFC 6533 §3: %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e
bool is_qchar(char c) {
    return is_xchar(c) && c != '\\';
}

int digit_value(char c) {
    const auto at = upper_digits.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

void append_utf8(std::string& out, unsigned long point) {
    const auto low = [&](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += {static_cast<char>(0xC0 | (point >> 6)), low(0)};
    } else if (point < 0x10000) {
        out += {static_cast<char>(0xE0 | (point >> 12)), low(6), low(0)};
    } else {
        out += {static_cast<char>(0xF0 | (point >> 18)), low(12), low(6), low(0)};
    }
}

// The code point at the front of valid UTF-8, which it is removed from.
unsigned long take_point(std::string_view& utf8) {
    const auto first = static_cast<unsigned char>(utf8[0]);
    const size_t more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    unsigned long point = more == 0 ? first : first & (0x3FU >> more);
    for (size_t n = 1; n <= more; ++n) point = (point << 6) | (static_cast<unsigned char>(utf8[n]) & 0x3FU);
    utf8.remove_prefix(more + 1);
    return point;
}

// HEXPOINT of RFC 6533 §3: no leading zero, no surrogate, nothing past U+10FFFF
Result<unsigned long> hex_point(Cursor& in) {
    const auto digits = in.take_while([](char c) { return digit_value(c) >= 0; });
    if (digits.size() < 2 || digits.size() > 6) return fail(Fault::syntax, "bad \\x{} in address");
    unsigned long point = 0;
    for (const char c : digits) point = point * 16 + static_cast<unsigned long>(digit_value(c));
    if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
        return fail(Fault::syntax, "bad \\x{} in address");
    return point;
}

}  // namespace

std::string to_xtext(std::string_view octets) {
    std::string out;
    for (const char c : octets) {
        if (is_xchar(c)) {
            out += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        out += {'+', upper_digits[octet >> 4], upper_digits[octet & 15]};
    }
    return out;
}

// xtext = *( xchar / hexchar ),  hexchar = "+" 2 upper case hexadecimal digits
Result<std::string> from_xtext(std::string_view text) {
    std::string out;
    Cursor in(text);
    while (!in.done()) {
        out += in.take_while(is_xchar);
        if (in.take('+')) {
            const int high = digit_value(upper(in.next()));
            const int low = digit_value(upper(in.next()));
            if (high < 0 || low < 0) return fail(Fault::syntax, "bad xtext");
            out += static_cast<char>(high * 16 + low);
        } else if (!in.done()) {
            return fail(Fault::syntax, "bad xtext");
        }
    }
    return out;
}

std::string to_utf8_addr_xtext(std::string_view utf8) {
    std::string out;
    if (!is_utf8(utf8)) return to_xtext(utf8);  // never from an Address
    while (!utf8.empty()) {
        const char c = utf8[0];
        const unsigned long point = take_point(utf8);
        if (point < 0x80 && is_qchar(c)) {
            out += c;
            continue;
        }
        std::string digits;
        for (unsigned long rest = point; rest != 0 || digits.size() < 2; rest /= 16)
            digits.insert(digits.begin(), upper_digits[rest % 16]);
        out += "\\x{" + digits + "}";
    }
    return out;
}

Result<std::string> from_utf8_addr(std::string_view text) {
    if (!is_utf8(text)) return fail(Fault::syntax, "address is not UTF-8");
    std::string out;
    Cursor in(text);
    while (!in.done()) {
        out += in.take_while([](char c) { return is_qchar(c) || !is_ascii(c); });
        if (in.take_word("\\x{")) {
            append_utf8(out, TRY(hex_point(in)));
            TRY(in.expect('}'));
        } else if (!in.done()) {
            return fail(Fault::syntax, "bad character in address");
        }
    }
    return out;
}

}  // namespace heliopost::smtp
