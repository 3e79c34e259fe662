#include "proto/mime/encoded_word.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/text.h"
#include "proto/mime/charset.h"
#include "proto/mime/transfer.h"

namespace heliopost::mime {
namespace {

constexpr size_t charset_octets_max = 64;  // with "*" and a language; keeps the search for "?" short
constexpr size_t word_octets_max = 75;     // RFC 2047 §2

struct Word {
    std::string_view charset;  // without the language of RFC 2231 §5
    std::string octets;        // decoded
    size_t length = 0;         // in the text
};

int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    const char l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// `escape` and two hex digits are one octet; what is no such thing stays.
std::string decode_hex(std::string_view text, char escape, bool underscore_is_space) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == escape && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += underscore_is_space && text[i] == '_' ? ' ' : text[i];
        }
    }
    return out;
}

// Where the "?=" of an encoded text stands. It must come before the next "=?", so that a text full of
// beginnings is read once, not once for each.
std::optional<size_t> find_end(std::string_view text) {
    for (size_t i = 0; i + 1 < text.size(); ++i) {
        if (text[i] == '?' && text[i + 1] == '=') return i;
        if (text[i] == '=' && text[i + 1] == '?' && (i + 2 >= text.size() || text[i + 2] != '='))
            return std::nullopt;
    }
    return std::nullopt;
}

// encoded-word = "=?" charset "?" encoding "?" encoded-text "?="
std::optional<Word> parse_word(std::string_view text) {
    if (!text.starts_with("=?")) return std::nullopt;
    const size_t charset_end = text.substr(0, charset_octets_max).find('?', 2);
    if (charset_end == std::string_view::npos || charset_end == 2 || charset_end + 2 >= text.size() ||
        text[charset_end + 2] != '?')
        return std::nullopt;
    const char encoding = lower(text[charset_end + 1]);
    if (encoding != 'q' && encoding != 'b') return std::nullopt;
    const size_t begin = charset_end + 3;
    const auto octets = find_end(text.substr(begin));
    if (!octets) return std::nullopt;

    Word word;
    word.charset = text.substr(2, charset_end - 2);
    word.charset = word.charset.substr(0, word.charset.find('*'));
    const auto encoded = text.substr(begin, *octets);
    word.octets =
        encoding == 'q' ? decode_hex(encoded, '=', true) : decode_transfer(TransferEncoding::base64, encoded);
    word.length = begin + *octets + 2;
    return word;
}

bool is_all_white(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return is_space(c) || c == '\r' || c == '\n'; });
}

// Whether a text of a charset with states (ISO-2022-JP, HZ) is back where it began. ICU takes the next word's
// beginning, right behind such an end, for an attempt to hide something.
bool is_at_rest(std::string_view octets) {
    return octets.ends_with("\x1B(B") || octets.ends_with("\x1B(J") || octets.ends_with("~}");
}

// Collects adjacent words of one charset, so that a character cut between two is whole again.
class WordRun {
public:
    void add(const Word& word, std::string& out) {
        if (!same_ignoring_case(word.charset, charset_) || is_at_rest(octets_)) flush(out);
        charset_ = word.charset;
        octets_ += word.octets;
        open_ = true;
    }
    void flush(std::string& out) {
        if (open_) out += to_utf8(charset_, octets_);
        octets_.clear();
        open_ = false;
    }
    bool open() const { return open_; }

private:
    std::string charset_;
    std::string octets_;
    bool open_ = false;
};

// Octets that may stand in a Q word anywhere: RFC 2047 §5 (3).
bool is_plain_in_q(char c) {
    return is_alnum(c) || std::string_view("!*+-/").contains(c);
}

size_t q_octets(std::string_view text) {
    size_t octets = 0;
    for (const char c : text) octets += is_plain_in_q(c) || c == ' ' ? 1 : 3;
    return octets;
}

std::string encode_q(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (is_plain_in_q(c)) {
            out += c;
        } else if (c == ' ') {
            out += '_';
        } else {
            out += '=';
            out += digits[octet >> 4];
            out += digits[octet & 15];
        }
    }
    return out;
}

}  // namespace

std::string decode_percent(std::string_view text) {
    return decode_hex(text, '%', false);
}

std::string decode_words(std::string_view text) {
    std::string out;
    WordRun run;
    size_t plain = 0;  // where the text that no word has taken begins
    const auto take_plain = [&](size_t end) {
        const auto between = text.substr(plain, end - plain);
        if (run.open() && end < text.size() && is_all_white(between)) return;  // RFC 2047 §6.2
        run.flush(out);
        out += to_utf8("", between);
    };
    for (size_t at = text.find("=?"); at != std::string_view::npos;) {
        const auto word = parse_word(text.substr(at));
        if (!word) {
            at = text.find("=?", at + 1);
            continue;
        }
        take_plain(at);
        run.add(*word, out);
        plain = at + word->length;
        at = text.find("=?", plain);
    }
    if (plain < text.size()) take_plain(text.size());
    run.flush(out);
    return out;
}

std::string encode_words(std::string_view text) {
    const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7F; });
    if (printable && !text.contains("=?")) return std::string(text);

    const std::string fixed = repair_utf8(text);
    std::string_view rest = fixed;
    const bool use_q = q_octets(rest) <= rest.size() * 4 / 3 + 4;
    constexpr std::string_view q_start = "=?utf-8?q?";
    constexpr std::string_view b_start = "=?utf-8?b?";
    const size_t room = word_octets_max - q_start.size() - 2;
    std::string out;
    while (!rest.empty()) {
        // Q: a character takes at most 12 octets. B: 45 octets make 60.
        size_t take = use_q ? 0 : utf8_prefix(rest, room / 4 * 3).size();
        while (use_q && take < rest.size()) {
            size_t next = take + 1;
            while (next < rest.size() && (static_cast<unsigned char>(rest[next]) & 0xC0) == 0x80) ++next;
            if (q_octets(rest.substr(0, next)) > room) break;
            take = next;
        }
        const auto piece = rest.substr(0, take);
        if (!out.empty()) out += ' ';
        out += use_q ? q_start : b_start;
        out += use_q ? encode_q(piece) : to_base64(piece);
        out += "?=";
        rest.remove_prefix(take);
    }
    return out;
}

}  // namespace heliopost::mime
