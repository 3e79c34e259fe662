#include "proto/mime/charset.h"

#include <unicode/ucnv.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/text.h"

namespace heliopost::mime {
namespace {

constexpr size_t charset_name_octets_max = 40;  // IANA's longest registered name
constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct Alias {
    std::string_view name;
    std::string_view icu;
};

// Supersets that senders mean: https://encoding.spec.whatwg.org/#names-and-labels
constexpr auto aliases = std::to_array<Alias>({
    {"iso-8859-1", "windows-1252"}, {"iso8859-1", "windows-1252"},
    {"iso_8859-1", "windows-1252"}, {"latin1", "windows-1252"},
    {"iso-8859-9", "windows-1254"}, {"iso-8859-11", "windows-874"},
    {"tis-620", "windows-874"},     {"gb2312", "gb18030"},
    {"gb_2312-80", "gb18030"},      {"gbk", "gb18030"},
    {"x-gbk", "gb18030"},           {"ks_c_5601-1987", "windows-949"},
    {"euc-kr", "windows-949"},      {"shift_jis", "windows-31j"},
    {"shift-jis", "windows-31j"},   {"x-sjis", "windows-31j"},
    {"iso-8859-8-i", "iso-8859-8"}, {"iso-8859-8-e", "iso-8859-8"},
    {"iso-8859-6-i", "iso-8859-6"}, {"iso-8859-6-e", "iso-8859-6"},
    {"cp1252", "windows-1252"},     {"unicode-1-1-utf-7", "utf-7"},
});

constexpr auto utf8_names = std::to_array<std::string_view>({"utf-8", "utf8", "unicode-1-1-utf-8"});

// Not charsets, or so often wrong that the octets decide.
constexpr auto guessed_names =
    std::to_array<std::string_view>({"", "us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "x-unknown"});

// The octets of the well-formed sequence at the start of text; 0 where it is ill-formed. RFC 3629 §4.
size_t sequence_octets(std::string_view text) {
    const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = at(0);
    if (first < 0x80) return 1;
    size_t octets = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
        octets = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        octets = 3;
        if (first == 0xE0) low = 0xA0;
        if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
        octets = 4;
        if (first == 0xF0) low = 0x90;
        if (first == 0xF4) high = 0x8F;
    }
    if (octets == 0 || text.size() < octets || at(1) < low || at(1) > high) return 0;
    for (size_t i = 2; i < octets; ++i)
        if (at(i) < 0x80 || at(i) > 0xBF) return 0;
    return octets;
}

void append_utf8(std::string& out, std::uint32_t c) {
    const auto put = [&](std::uint32_t octet) {
        out += static_cast<char>(static_cast<unsigned char>(octet));
    };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0 | c >> 6);
        put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        put(0xE0 | c >> 12);
        put(0x80 | (c >> 6 & 0x3F));
        put(0x80 | (c & 0x3F));
    } else {
        put(0xF0 | c >> 18);
        put(0x80 | (c >> 12 & 0x3F));
        put(0x80 | (c >> 6 & 0x3F));
        put(0x80 | (c & 0x3F));
    }
}

// UTF-16 in pieces, a pair perhaps cut in two, to UTF-8.
class Utf16Reader {
public:
    void feed(const UChar* begin, const UChar* end, std::string& out) {
        for (; begin < end; ++begin) {
            const std::uint32_t unit = *begin;
            if (lead_ != 0 && unit >= 0xDC00 && unit <= 0xDFFF) {
                append_utf8(out, 0x10000 + ((lead_ - 0xD800) << 10) + (unit - 0xDC00));
                lead_ = 0;
                continue;
            }
            finish(out);
            if (unit >= 0xD800 && unit <= 0xDBFF) {
                lead_ = unit;
            } else {
                append_utf8(out, unit >= 0xDC00 && unit <= 0xDFFF ? 0xFFFD : unit);
            }
        }
    }
    void finish(std::string& out) {
        if (lead_ != 0) out += replacement;
        lead_ = 0;
    }

private:
    std::uint32_t lead_ = 0;
};

using Converter = std::unique_ptr<UConverter, decltype(&ucnv_close)>;

Converter open_converter(std::string_view name) {
    UErrorCode error = U_ZERO_ERROR;
    Converter converter(ucnv_open(std::string(name).c_str(), &error), ucnv_close);
    if (U_FAILURE(error)) converter.reset();
    return converter;
}

// Appends to out until it has octets_max. last: nothing follows.
void feed_converter(UConverter* converter, std::string_view text, bool last, Utf16Reader& reader,
                    std::string& out, size_t octets_max) {
    std::array<UChar, 1024> units;
    const char* from = text.data();
    const char* const end = from + text.size();
    UErrorCode error = U_BUFFER_OVERFLOW_ERROR;
    while (error == U_BUFFER_OVERFLOW_ERROR && out.size() < octets_max) {
        error = U_ZERO_ERROR;
        UChar* to = units.data();
        ucnv_toUnicode(converter, &to, units.data() + units.size(), &from, end, nullptr, last, &error);
        reader.feed(units.data(), to, out);
    }
}

std::string convert(UConverter* converter, std::string_view text, size_t octets_max) {
    std::string out;
    out.reserve(std::min(text.size() + text.size() / 4, octets_max));
    Utf16Reader reader;
    feed_converter(converter, text, true, reader, out, octets_max);
    reader.finish(out);
    return out;
}

template <size_t count>
bool is_one_of(std::string_view name, const std::array<std::string_view, count>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Of a charset whose octets need no guessing; name in lower case.
Converter named_converter(std::string_view name) {
    for (const Alias& alias : aliases)
        if (alias.name == name) name = alias.icu;
    if (is_one_of(name, guessed_names) || name.size() > charset_name_octets_max) return {nullptr, ucnv_close};
    return open_converter(name);
}

// How many octets at the end may be the start of a UTF-8 sequence that goes on.
size_t cut_sequence_octets(std::string_view text) {
    for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        const auto octet = static_cast<unsigned char>(text[text.size() - back]);
        if (octet < 0x80) return 0;
        if (octet < 0xC0) continue;
        const size_t octets = octet >= 0xF0 ? 4 : octet >= 0xE0 ? 3 : 2;
        return octets > back ? back : 0;
    }
    return 0;
}

std::string cut(std::string text, size_t octets_max) {
    text.resize(utf8_prefix(text, octets_max).size());
    return text;
}

}  // namespace

std::string repair_utf8(std::string_view text) {
    if (is_utf8(text)) return std::string(text);
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const size_t octets = sequence_octets(text);
        out += octets == 0 ? replacement : text.substr(0, octets);
        text.remove_prefix(std::max<size_t>(octets, 1));
    }
    return out;
}

std::string_view utf8_prefix(std::string_view text, size_t octets_max) {
    if (text.size() <= octets_max) return text;
    size_t end = octets_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
}

bool is_known_charset(std::string_view charset) {
    const std::string name = to_lower(trim(charset));
    return name == "us-ascii" || is_one_of(std::string_view(name), utf8_names) || named_converter(name);
}

struct CharsetReader::Converting {
    enum class As : std::uint8_t { unknown, utf8, converted };

    As as = As::unknown;
    Converter converter{nullptr, ucnv_close};
    Utf16Reader reader;
    std::string held;  // utf8: the start of a sequence that may go on
};

CharsetReader::CharsetReader(std::string_view charset) : converting_(std::make_unique<Converting>()) {
    const std::string name = to_lower(trim(charset));
    if (is_one_of(std::string_view(name), utf8_names)) {
        converting_->as = Converting::As::utf8;
    } else if ((converting_->converter = named_converter(name))) {
        converting_->as = Converting::As::converted;
    }
}

CharsetReader::~CharsetReader() = default;
CharsetReader::CharsetReader(CharsetReader&&) noexcept = default;
CharsetReader& CharsetReader::operator=(CharsetReader&&) noexcept = default;

void CharsetReader::feed(std::string_view octets, std::string& out) {
    Converting& now = *converting_;
    if (now.as == Converting::As::unknown) {
        const auto whole = octets.substr(0, octets.size() - cut_sequence_octets(octets));
        now.as = Converting::As::utf8;
        if (!is_utf8(whole)) now.converter = open_converter("windows-1252");
        if (now.converter) now.as = Converting::As::converted;
    }
    if (now.as == Converting::As::converted) {
        feed_converter(now.converter.get(), octets, false, now.reader, out, std::string::npos);
        return;
    }
    std::string joined = std::exchange(now.held, {});
    std::string_view text = octets;
    if (!joined.empty()) {
        joined += octets;
        text = joined;
    }
    const size_t open = cut_sequence_octets(text);
    now.held = text.substr(text.size() - open);
    const auto whole = text.substr(0, text.size() - open);
    if (is_utf8(whole)) {
        out += whole;
    } else {
        out += repair_utf8(whole);
    }
}

void CharsetReader::finish(std::string& out) {
    Converting& now = *converting_;
    if (now.as == Converting::As::converted)
        feed_converter(now.converter.get(), {}, true, now.reader, out, std::string::npos);
    now.reader.finish(out);
    out += repair_utf8(std::exchange(now.held, {}));
}

std::string to_utf8(std::string_view charset, std::string_view text, size_t octets_max) {
    const std::string name = to_lower(trim(charset));
    if (is_one_of(std::string_view(name), utf8_names))
        return cut(repair_utf8(text.substr(0, octets_max + 4)), octets_max);
    Converter converter = named_converter(name);
    if (!converter) {
        if (is_utf8(text)) return std::string(utf8_prefix(text, octets_max));
        converter = open_converter("windows-1252");
    }
    if (!converter) return cut(repair_utf8(text), octets_max);  // an ICU without its tables
    return cut(convert(converter.get(), text, octets_max), octets_max);
}

}  // namespace heliopost::mime
