#include "proto/mime/preview.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/cursor.h"
#include "base/text.h"
#include "proto/mime/cfws.h"
#include "proto/mime/charset.h"

namespace heliopost::mime {
namespace {

struct Entity {
    std::string_view name;
    std::string_view text;
};
constexpr auto entities = std::to_array<Entity>({
    {"amp", "&"},   {"lt", "<"},    {"gt", ">"},     {"quot", "\""},  {"apos", "'"},   {"nbsp", " "},
    {"ndash", "–"}, {"mdash", "—"}, {"hellip", "…"}, {"laquo", "«"},  {"raquo", "»"},  {"bull", "•"},
    {"lsquo", "‘"}, {"rsquo", "’"}, {"ldquo", "“"},  {"rdquo", "”"},  {"euro", "€"},   {"copy", "©"},
    {"reg", "®"},   {"auml", "ä"},  {"ouml", "ö"},   {"uuml", "ü"},   {"Auml", "Ä"},   {"Ouml", "Ö"},
    {"Uuml", "Ü"},  {"szlig", "ß"}, {"eacute", "é"}, {"egrave", "è"}, {"agrave", "à"}, {"ccedil", "ç"},
    {"zwnj", ""},   {"zwj", ""},    {"shy", ""},
});
constexpr size_t entity_octets_max = 12;

// Elements whose text is not shown.
constexpr auto silent = std::to_array<std::string_view>({"script", "style", "head", "title"});
// Elements that do not part words.
constexpr auto inline_tags =
    std::to_array<std::string_view>({"a", "abbr", "b", "big", "code", "em", "font", "i", "s", "small", "span",
                                     "strong", "sub", "sup", "tt", "u"});

template <size_t count>
bool is_one_of(std::string_view name, const std::array<std::string_view, count>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

void append_character(std::string& out, std::uint64_t c) {
    if (c == 0x200B || c == 0x200C || c == 0x200D || c == 0xFEFF || c == 0xAD) return;  // preheader padding
    if (c < 0x20 || c == 0x7F || c == 0xA0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        out += ' ';
        return;
    }
    const auto put = [&](std::uint64_t octet) {
        out += static_cast<char>(static_cast<unsigned char>(octet));
    };
    if (c < 0x80) {
        put(c);
        return;
    }
    if (c >= 0x10000) put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F));
    if (c >= 0x800 && c < 0x10000) put(0xE0 | c >> 12);
    if (c >= 0x800) put(0x80 | (c >> 6 & 0x3F));
    if (c < 0x800) put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
}

std::optional<std::uint64_t> character_number(std::string_view name) {
    name.remove_prefix(1);
    if (!name.starts_with('x') && !name.starts_with('X')) return to_number(name);
    std::uint64_t value = 0;
    name.remove_prefix(1);
    for (const char c : name) {
        const char l = lower(c);
        if (!is_digit(c) && !(l >= 'a' && l <= 'f')) return std::nullopt;
        value = value * 16 + static_cast<std::uint64_t>(is_digit(c) ? c - '0' : l - 'a' + 10);
    }
    return name.empty() ? std::nullopt : std::optional(value);
}

// The cursor stands after "&".
void take_entity(Cursor& in, std::string& out) {
    const auto ahead = in.rest().substr(0, entity_octets_max);
    const size_t end = ahead.find(';');
    const auto name = ahead.substr(0, end);
    if (end != std::string_view::npos && name.starts_with('#')) {
        if (const auto c = character_number(name)) {
            append_character(out, *c);
            in.skip(end + 1);
            return;
        }
    }
    for (const Entity& entity : entities) {
        if (end == std::string_view::npos || entity.name != name) continue;
        out += entity.text;
        in.skip(end + 1);
        return;
    }
    out += '&';
}

// The cursor stands after "<": past the tag. Returns the name, with "/" if it closes.
std::string take_tag(Cursor& in) {
    if (in.take_word("!--")) {
        const size_t end = in.rest().find("-->");
        in.skip(end == std::string_view::npos ? in.left() : end + 3);
        return "!";
    }
    std::string name = in.take('/') ? "/" : "";
    name += to_lower(in.take_while(is_alnum));
    char quote = '\0';
    while (!in.done()) {
        const char c = in.next();
        if (quote != '\0') {
            if (c == quote) quote = '\0';
        } else if (c == '>') {
            break;
        } else if (c == '"' || c == '\'') {
            quote = c;
        }
    }
    return name;
}

// To the closing tag of an element that is not shown.
void skip_element(Cursor& in, std::string_view name) {
    while (!in.done()) {
        in.take_while([](char c) { return c != '<'; });
        in.skip();
        if (in.take('/') && in.take_word(name)) break;
    }
    in.take_while([](char c) { return c != '>'; });
    in.skip();
}

// One space for each run of white space; stops at characters_max.
std::string run_together(std::string_view text, size_t characters_max) {
    std::string out;
    size_t characters = 0;
    bool space = false;
    for (size_t at = 0; at < text.size() && characters < characters_max; ++at) {
        const char c = text[at];
        const bool no_break_space = text.substr(at, 2) == "\xC2\xA0";
        if (no_break_space) ++at;
        if (no_break_space || static_cast<unsigned char>(c) <= ' ' || c == 0x7F) {
            space = !out.empty();
            continue;
        }
        if (space && ++characters == characters_max) break;
        if (space) out += ' ';
        space = false;
        out += c;
        while (at + 1 < text.size() && (static_cast<unsigned char>(text[at + 1]) & 0xC0) == 0x80)
            out += text[++at];
        ++characters;
    }
    return out;
}

// Without quoted lines, their attribution left alone, and without the signature: RFC 3676 §4.3 and §4.5.
std::string without_quotes(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const size_t lf = text.find('\n');
        const auto line = text.substr(0, lf == std::string_view::npos ? lf : lf + 1);
        text.remove_prefix(line.size());
        if (line.starts_with("-- \r") || line.starts_with("-- \n")) break;
        if (!line.starts_with('>')) out += line;
    }
    return out;
}

}  // namespace

std::string text_of_html(std::string_view html) {
    std::string out;
    Cursor in(html);
    while (!in.done()) {
        out += in.take_while([](char c) { return c != '<' && c != '&'; });
        if (in.take('&')) {
            take_entity(in, out);
        } else if (in.take('<')) {
            if (!is_alpha(in.peek()) && in.peek() != '/' && in.peek() != '!' && in.peek() != '?') {
                out += '<';
                continue;
            }
            const std::string tag = take_tag(in);
            if (is_one_of(tag, silent)) skip_element(in, tag);
            const std::string_view name = tag.starts_with('/') ? std::string_view(tag).substr(1) : tag;
            if (tag == "br" || tag == "/p" || tag == "/div" || tag == "/tr" || tag == "/li")
                out += '\n';
            else if (!is_one_of(name, inline_tags) && tag != "!")
                out += ' ';
        }
    }
    return out;
}

std::string preview(std::string_view text, TextFormat format) {
    text = utf8_prefix(text, preview_source_octets_max);
    const std::string words = format == TextFormat::html ? text_of_html(text) : without_quotes(text);
    std::string result = run_together(repair_utf8(words), preview_characters_max);
    // A reply that only quotes is better shown by its quotes than not at all.
    if (result.empty() && format == TextFormat::plain)
        result = run_together(repair_utf8(text), preview_characters_max);
    return result;
}

}  // namespace heliopost::mime
