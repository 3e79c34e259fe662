#include "proto/imap/mailbox_name.h"

#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/text.h"
#include "proto/imap/limits.h"

namespace heliopost::imap {
namespace {

// RFC 3501 §5.1.3: base64 with "," for "/".
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

constexpr bool is_direct(char c) {
    return c >= 0x20 && c <= 0x7E;
}

// One character of valid UTF-8; moves past it.
char32_t next_character(std::string_view text, size_t& at) {
    const auto octet = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = octet(at++);
    if (lead < 0x80) return lead;
    const int tail = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    char32_t character = lead & (0x3FU >> tail);
    for (int i = 0; i < tail; ++i) character = character << 6 | (octet(at++) & 0x3FU);
    return character;
}

void append_utf8(std::string& out, char32_t character) {
    const auto put = [&out](char32_t octet) { out += static_cast<char>(octet); };
    if (character < 0x80) {
        put(character);
    } else if (character < 0x800) {
        put(0xC0 | character >> 6);
        put(0x80 | (character & 0x3F));
    } else if (character < 0x10000) {
        put(0xE0 | character >> 12);
        put(0x80 | (character >> 6 & 0x3F));
        put(0x80 | (character & 0x3F));
    } else {
        put(0xF0 | character >> 18);
        put(0x80 | (character >> 12 & 0x3F));
        put(0x80 | (character >> 6 & 0x3F));
        put(0x80 | (character & 0x3F));
    }
}

// Writes UTF-16 units as the base64 of one shifted run.
class ShiftedRun {
public:
    explicit ShiftedRun(std::string& out) : out_(out) { out_ += '&'; }
    void put(char32_t character) {
        if (character >= 0x10000) {
            put_unit(0xD800 + ((character - 0x10000) >> 10));
            put_unit(0xDC00 + ((character - 0x10000) & 0x3FF));
        } else {
            put_unit(character);
        }
    }
    void finish() {
        if (count_ > 0) out_ += alphabet[bits_ << (6 - count_) & 0x3F];
        out_ += '-';
    }

private:
    void put_unit(std::uint32_t unit) {
        bits_ = bits_ << 16 | unit;
        count_ += 16;
        while (count_ >= 6) {
            count_ -= 6;
            out_ += alphabet[bits_ >> count_ & 0x3F];
        }
        bits_ &= (1U << count_) - 1;
    }

    std::string& out_;
    std::uint64_t bits_ = 0;
    unsigned count_ = 0;
};

// The characters of one run of base64, without "&" and "-". Nothing on a wrong octet or half a surrogate
// pair.
bool decode_run(std::string_view run, std::string& out) {
    std::uint32_t bits = 0;
    unsigned count = 0;
    char32_t high = 0;
    for (const char c : run) {
        const size_t value = alphabet.find(c);
        if (value == std::string_view::npos) return false;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 16) continue;
        count -= 16;
        const char32_t unit = bits >> count & 0xFFFF;
        bits &= (1U << count) - 1;
        const bool is_low = unit >= 0xDC00 && unit <= 0xDFFF;
        if (is_low != (high != 0)) return false;
        if (unit >= 0xD800 && unit <= 0xDBFF) {
            high = unit;
            continue;
        }
        append_utf8(out, is_low ? 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00) : unit);
        high = 0;
    }
    return high == 0;
}

std::string to_nfc(std::string_view utf8) {
    if (is_ascii_text(utf8)) return std::string(utf8);
    UErrorCode status = U_ZERO_ERROR;
    const auto* nfc = icu::Normalizer2::getNFCInstance(status);
    if (U_FAILURE(status)) return std::string(utf8);
    const auto text =
        icu::UnicodeString::fromUTF8(icu::StringPiece(utf8.data(), static_cast<int>(utf8.size())));
    const auto normal = nfc->normalize(text, status);
    if (U_FAILURE(status)) return std::string(utf8);
    std::string out;
    normal.toUTF8String(out);
    return out;
}

// C0, DEL, C1, LINE SEPARATOR and PARAGRAPH SEPARATOR: RFC 9051 §5.1, RFC 5198 §2. Ours besides: what only
// makes a name look like another (embeddings, overrides and isolates of direction, a byte order mark), and
// noncharacters, which are not for interchange. U+200C to U+200F stay: languages are written with them.
bool is_control(char32_t character) {
    if (character < 0x20 || (character >= 0x7F && character < 0xA0)) return true;
    if (character >= 0x2028 && character <= 0x202E) return true;
    if (character >= 0x2066 && character <= 0x2069) return true;
    if (character == 0xFEFF || (character >= 0xFDD0 && character <= 0xFDEF)) return true;
    return (character & 0xFFFE) == 0xFFFE;
}

bool has_control(std::string_view utf8) {
    for (size_t at = 0; at < utf8.size();)
        if (is_control(next_character(utf8, at))) return true;
    return false;
}

}  // namespace

std::string to_modified_utf7(std::string_view utf8) {
    std::string out;
    std::optional<ShiftedRun> run;
    const auto end_run = [&run] {
        if (run) run->finish();
        run.reset();
    };
    for (size_t at = 0; at < utf8.size();) {
        const char32_t character = next_character(utf8, at);
        if (character > 0x7E || character < 0x20) {
            if (!run) run.emplace(out);
            run->put(character);
            continue;
        }
        end_run();
        out += static_cast<char>(character);
        if (character == '&') out += '-';
    }
    end_run();
    return out;
}

Result<std::string> from_modified_utf7(std::string_view text) {
    const auto bad = [] { return fail(Fault::syntax, "not modified UTF-7"); };
    std::string out;
    for (size_t at = 0; at < text.size();) {
        if (!is_direct(text[at])) return bad();
        if (text[at] != '&') {
            out += text[at++];
            continue;
        }
        const size_t end = text.find('-', at);
        if (end == std::string_view::npos) return bad();
        if (end == at + 1)
            out += '&';
        else if (!decode_run(text.substr(at + 1, end - at - 1), out))
            return bad();
        at = end + 1;
    }
    // Left over bits, base64 of what needs none, runs that could be one: RFC 3501 §5.1.3 forbids them.
    if (to_modified_utf7(out) != text) return bad();
    return out;
}

std::string canonical_mailbox_name(std::string_view utf8) {
    if (!is_utf8(utf8)) return std::string(utf8);
    std::string name = to_nfc(utf8);
    constexpr std::string_view inbox = "INBOX";
    const bool alone = name.size() == inbox.size() || name.find(hierarchy_separator) == inbox.size();
    if (alone && starts_with_ignoring_case(name, inbox)) name.replace(0, inbox.size(), inbox);
    return name;
}

Result<std::string> decode_mailbox_name(std::string_view wire, Revision revision) {
    if (wire.size() > mailbox_wire_octets_max) return fail(Fault::not_found, "mailbox name too long");
    if (revision == Revision::rev2) {
        if (!is_utf8(wire)) return fail(Fault::not_found, "mailbox name is not UTF-8");
        return canonical_mailbox_name(wire);
    }
    const auto name = from_modified_utf7(wire);
    if (!name) return fail(Fault::not_found, "mailbox name is not modified UTF-7");
    return canonical_mailbox_name(*name);
}

std::string encode_mailbox_name(std::string_view name, Revision revision) {
    if (revision == Revision::rev2 || !is_utf8(name)) return std::string(name);
    return to_modified_utf7(name);
}

Result<> check_mailbox_name(std::string_view name) {
    const auto bad = [](const char* text) { return fail(Fault::denied, text); };
    if (name.empty()) return bad("mailbox name is empty");
    if (name.size() > mailbox_octets_max) return bad("mailbox name too long");
    if (!is_utf8(name)) return bad("mailbox name is not UTF-8");
    if (has_control(name)) return bad("control character in mailbox name");
    if (name.contains('%') || name.contains('*')) return bad("wildcard in mailbox name");   // RFC 9051 §5.1
    if (name.starts_with('#')) return bad("\"#\" begins a namespace, not a mailbox name");  // §5.1.2.1
    const auto levels = split(name, hierarchy_separator);
    if (levels.size() > mailbox_depth_max) return bad("mailbox name has too many levels");
    for (const auto level : levels) {
        if (level.empty()) return bad("empty level in mailbox name");
        if (level.size() > mailbox_part_octets_max) return bad("a level of the mailbox name is too long");
        if (level == "." || level == "..") return bad("\".\" and \"..\" are no mailbox names");
    }
    return {};
}

}  // namespace heliopost::imap
