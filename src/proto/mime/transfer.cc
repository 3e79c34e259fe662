#include "proto/mime/transfer.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/base64.h"
#include "base/text.h"

namespace heliopost::mime {
namespace {

constexpr size_t pending_octets_max = 1'000;  // white space at a line's end, or a uuencoded line: it has 61
constexpr size_t base64_line_octets = 57;     // 76 characters, RFC 2045 §6.8
constexpr size_t quoted_line_max = 76;        // RFC 2045 §6.7 (5)

constexpr std::int8_t not_base64 = -1;
constexpr auto base64_values = [] {
    std::array<std::int8_t, 256> table{};
    table.fill(not_base64);
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return table;
}();

int base64_value(char c) {
    return base64_values[static_cast<unsigned char>(c)];
}

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

void append_octet(std::string& out, std::uint32_t octet) {
    out += static_cast<char>(static_cast<unsigned char>(octet));
}

}  // namespace

TransferEncoding parse_transfer_encoding(std::string_view value) {
    std::string word;
    int depth = 0;
    for (const char c : value) {
        if (c == '(') ++depth;
        if (depth == 0 && (is_alnum(c) || (c == '-' && !word.empty())))
            word += lower(c);
        else if (depth == 0 && !word.empty())
            break;
        if (c == ')' && depth > 0) --depth;
    }
    if (word.empty() || word == "7bit" || word == "8bit" || word == "binary")
        return TransferEncoding::identity;
    if (word == "base64") return TransferEncoding::base64;
    if (word == "quoted-printable") return TransferEncoding::quoted_printable;
    if (word == "uuencode" || word == "x-uuencode" || word == "x-uue" || word == "uue")
        return TransferEncoding::uuencode;
    // Common misspellings of the three identities.
    if (word == "7-bit" || word == "8-bit" || word == "7bits" || word == "8bits")
        return TransferEncoding::identity;
    return TransferEncoding::unknown;
}

void TransferDecoder::feed(std::string_view octets, std::string& out) {
    switch (encoding_) {
        case TransferEncoding::base64:
            return feed_base64(octets, out);
        case TransferEncoding::quoted_printable:
            return feed_quoted_printable(octets, out);
        case TransferEncoding::uuencode:
            return feed_uuencode(octets, out);
        case TransferEncoding::identity:
        case TransferEncoding::unknown:
            break;
    }
    if (encoding_ == TransferEncoding::unknown) clean_ = false;
    out += octets;
}

void TransferDecoder::feed_base64(std::string_view octets, std::string& out) {
    const size_t size = octets.size();
    for (size_t i = 0; i < size; ++i) {
        // Whole groups, the common case.
        while (digits_ == 0 && size - i >= 4) {
            const int a = base64_value(octets[i]);
            const int b = base64_value(octets[i + 1]);
            const int c = base64_value(octets[i + 2]);
            const int d = base64_value(octets[i + 3]);
            if ((a | b | c | d) < 0) break;
            const auto group = static_cast<std::uint32_t>(a << 18 | b << 12 | c << 6 | d);
            const char three[3] = {static_cast<char>(group >> 16), static_cast<char>(group >> 8 & 0xFF),
                                   static_cast<char>(group & 0xFF)};
            if (padded_) clean_ = false;  // base64 after padding: two encodings, one after the other
            out.append(three, 3);
            i += 4;
        }
        if (i >= size) break;
        const int value = base64_value(octets[i]);
        if (value == not_base64) {
            if (octets[i] == '=') {
                finish_base64_group(out);
                padded_ = true;
            } else if (octets[i] != '\r' && octets[i] != '\n' && !is_space(octets[i])) {
                clean_ = false;
            }
            continue;
        }
        if (padded_) clean_ = false;
        bits_ = bits_ << 6 | static_cast<std::uint32_t>(value);
        if (++digits_ == 4) {
            append_octet(out, bits_ >> 16 & 0xFF);
            append_octet(out, bits_ >> 8 & 0xFF);
            append_octet(out, bits_ & 0xFF);
            bits_ = 0;
            digits_ = 0;
        }
    }
}

// What a group of 2 or 3 digits still holds: before "=" and at the end.
void TransferDecoder::finish_base64_group(std::string& out) {
    if (digits_ == 2) append_octet(out, bits_ >> 4 & 0xFF);
    if (digits_ == 3) {
        append_octet(out, bits_ >> 10 & 0xFF);
        append_octet(out, bits_ >> 2 & 0xFF);
    }
    if (digits_ == 1) clean_ = false;
    digits_ = 0;
    bits_ = 0;
}

void TransferDecoder::feed_quoted_printable(std::string_view octets, std::string& out) {
    for (size_t i = 0; i < octets.size(); ++i) {
        if (pending_.empty()) {  // a run of plain text
            size_t end = i;
            while (end < octets.size() && octets[end] != '=' && !is_space(octets[end]) && octets[end] != '\r')
                ++end;
            out += octets.substr(i, end - i);
            i = end;
            if (i == octets.size()) break;
        }
        quoted_octet(octets[i], out);
    }
}

// pending_ is empty, "=" and what follows it so far, or white space (and CR) that may end a line.
void TransferDecoder::quoted_octet(char c, std::string& out) {
    if (pending_.starts_with('=')) {
        if (pending_.size() == 1 && hex_value(c) >= 0) {
            pending_ += c;
            return;
        }
        if (pending_.size() == 2 && hex_value(pending_[1]) >= 0 && hex_value(c) >= 0) {
            append_octet(out, static_cast<std::uint32_t>(hex_value(pending_[1]) * 16 + hex_value(c)));
            pending_.clear();
            return;
        }
        const bool spaces = pending_.size() == 1 || hex_value(pending_[1]) < 0;
        if (spaces && c == '\n') return pending_.clear();  // soft line break, RFC 2045 §6.7 (5)
        if (spaces && (is_space(c) || c == '\r') && pending_.size() < pending_octets_max) {
            pending_ += c;
            return;
        }
        clean_ = false;
        out += pending_;
        pending_.clear();
    }
    if (c == '=' || ((is_space(c) || c == '\r') && pending_.size() < pending_octets_max)) {
        if (c == '=') {
            out += pending_;
            pending_.clear();
        }
        pending_ += c;
        return;
    }
    if (c == '\n') {  // white space before a line end was added on the way: RFC 2045 §6.7 (3)
        out += pending_.ends_with('\r') ? "\r\n" : "\n";
    } else {
        out += pending_;
        out += c;
    }
    pending_.clear();
}

void TransferDecoder::feed_uuencode(std::string_view octets, std::string& out) {
    for (const char c : octets) {
        if (c == '\n') {
            uu_line(out);
            pending_.clear();
        } else if (c != '\r' && pending_.size() < pending_octets_max) {
            pending_ += c;
        }
    }
}

// "begin 644 name", lines of a length and groups of four characters, "end": POSIX uuencode.
void TransferDecoder::uu_line(std::string& out) {
    enum : std::uint8_t { before, inside, after };
    if (uu_state_ == before) {
        if (pending_.starts_with("begin ")) uu_state_ = inside;
        return;
    }
    if (uu_state_ == after || pending_.empty()) return;
    if (pending_ == "end") {
        uu_state_ = after;
        return;
    }
    const auto value = [&](size_t i) -> std::uint32_t {
        return i < pending_.size() ? static_cast<std::uint32_t>(pending_[i] - ' ') & 63 : 0;
    };
    size_t left = value(0);
    if (pending_.size() < 1 + (left + 2) / 3 * 4) clean_ = false;
    for (size_t i = 1; left > 0 && i < pending_.size(); i += 4) {
        const std::uint32_t group = value(i) << 18 | value(i + 1) << 12 | value(i + 2) << 6 | value(i + 3);
        const size_t octets = std::min<size_t>(left, 3);
        for (size_t n = 0; n < octets; ++n) append_octet(out, group >> (16 - 8 * n) & 0xFF);
        left -= octets;
    }
}

void TransferDecoder::finish(std::string& out) {
    if (encoding_ == TransferEncoding::base64) finish_base64_group(out);
    if (encoding_ == TransferEncoding::uuencode && !pending_.empty()) uu_line(out);
    if (encoding_ == TransferEncoding::quoted_printable && !pending_.empty()) {
        const bool escape = pending_[0] == '=';
        const bool broken = escape && pending_.size() > 1 && hex_value(pending_[1]) >= 0;
        if (broken) clean_ = false;
        // "=" at the very end is a soft break whose line end was lost. White space there ends a line, too:
        // the line end before a boundary is the boundary's (RFC 2046 §5.1.1).
        if (broken || (!escape && pending_.ends_with('\r'))) out += pending_;
    }
    pending_.clear();
}

std::string decode_transfer(TransferEncoding encoding, std::string_view octets) {
    std::string out;
    out.reserve(encoding == TransferEncoding::base64 ? octets.size() / 4 * 3 + 3 : octets.size());
    TransferDecoder decoder(encoding);
    decoder.feed(octets, out);
    decoder.finish(out);
    return out;
}

std::string encode_base64_lines(std::string_view octets) {
    std::string out;
    out.reserve(octets.size() / base64_line_octets * 78 + 80);
    for (; !octets.empty(); octets.remove_prefix(std::min(octets.size(), base64_line_octets))) {
        out += to_base64(octets.substr(0, base64_line_octets));
        out += "\r\n";
    }
    return out;
}

std::string encode_quoted_printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    size_t column = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool line_end = text.substr(i).starts_with("\r\n");
        if (line_end) {
            out += "\r\n";
            column = 0;
            ++i;
            continue;
        }
        const auto after = text.substr(i + 1);
        const bool last = after.empty() || after.starts_with("\r\n");
        // At the start of a line "From " would meet mbox files and "." SMTP: RFC 2049 §3.
        const bool safe = (c > ' ' && c < 0x7F && c != '=') || (is_space(c) && !last);
        const auto is_plain = [&] { return safe && (column > 0 || (c != '.' && c != 'F')); };
        if (column + (is_plain() ? 1 : 3) > quoted_line_max - (last ? 0 : 1)) {
            out += "=\r\n";
            column = 0;
        }
        const bool plain = is_plain();
        if (plain) {
            out += c;
        } else {
            out += '=';
            out += digits[static_cast<unsigned char>(c) >> 4];
            out += digits[static_cast<unsigned char>(c) & 15];
        }
        column += plain ? 1 : 3;
    }
    return out;
}

}  // namespace heliopost::mime
