#include "proto/spf/macro.h"

#include <algorithm>
#include <array>
#include <ranges>

namespace heliopost::spf {
namespace {

constexpr std::string_view delimiters = ".-+,/_=";
constexpr std::string_view letters = "slodiphv";
constexpr std::string_view explanation_letters = "slodiphvcrt";
constexpr size_t name_octets_max = 253;  // RFC 1035 §2.3.4, as text without the final dot

// macro-expand = "%{" macro-letter transformers *delimiter "}", behind the "%{"
Result<MacroPart> parse_expand(Cursor& in, std::string_view allowed) {
    MacroPart part;
    const char letter = in.next();
    part.letter = lower(letter);
    part.url_escape = letter != part.letter;  // RFC 7208 §7.3
    if (part.letter == 0 || !allowed.contains(part.letter))
        return fail(Fault::syntax, "there is no such macro");
    const std::string_view digits = in.take_while(is_digit);
    if (!digits.empty()) {
        const auto labels = to_number(digits);
        if (labels == 0) return fail(Fault::syntax, "a macro that keeps no label");
        part.labels = static_cast<unsigned>(
            std::min<std::uint64_t>(labels.value_or(macro_labels_max), macro_labels_max));
    }
    part.reverse = in.take_word("r");
    part.delimiters = in.take_while([](char c) { return delimiters.contains(c); });
    TRY(in.expect('}'));
    return part;
}

bool is_literal(char c) {
    return c > ' ' && c < '\x7f' && c != '%';
}

// macro-string = *( macro-expand / macro-literal )
Result<std::vector<MacroPart>> parse_parts(std::string_view text, std::string_view allowed, bool spaces) {
    std::vector<MacroPart> parts;
    Cursor in(text);
    const auto literal = [&parts](std::string_view octets) {
        if (parts.empty() || parts.back().letter != 0) parts.emplace_back();
        parts.back().literal += octets;
    };
    while (!in.done()) {
        const std::string_view plain =
            in.take_while([spaces](char c) { return is_literal(c) || (spaces && c == ' '); });
        if (!plain.empty()) literal(plain);
        if (in.done()) break;
        if (!in.take('%')) return fail(Fault::syntax, "an octet that may not stand in a record");
        if (in.take('%'))
            literal("%");
        else if (in.take('_'))
            literal(" ");
        else if (in.take('-'))
            literal("%20");
        else if (in.take('{'))
            parts.push_back(TRY(parse_expand(in, allowed)));
        else
            return fail(Fault::syntax, "a lone %");
        if (parts.size() > macro_parts_max) return fail(Fault::too_large, "a text with too many macros");
    }
    return parts;
}

// toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
bool is_top_label(std::string_view label) {
    if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
    const auto belongs = [](char c) { return is_alnum(c) || c == '-'; };
    return std::ranges::all_of(label, belongs) && !std::ranges::all_of(label, is_digit);
}

std::string value_of(const MacroPart& part, const MacroValues& values) {
    switch (part.letter) {
        case 's':
            return values.local_part + '@' + values.sender_domain;
        case 'l':
            return values.local_part;
        case 'o':
            return values.sender_domain;
        case 'd':
            return values.domain;
        case 'i':
            return values.client;
        case 'p':
            return values.validated_name;
        case 'h':
            return values.helo;
        case 'v':
            return values.ipv6 ? "ip6" : "in-addr";
        case 'c':
            return values.readable_client;
        case 'r':
            return values.receiver;
        case 't':
            return std::to_string(values.seconds);
        default:
            return part.literal;
    }
}

// Split at the delimiters, turned round, cut from the right, joined with dots: RFC 7208 §7.3.
std::string transformed(const MacroPart& part, std::string value) {
    const std::string_view split_at = part.delimiters.empty() ? "." : std::string_view(part.delimiters);
    if (!part.reverse && part.labels == 0 && split_at == ".") return value;
    std::vector<std::string_view> words;
    for (size_t from = 0; from <= value.size();) {
        const size_t to = std::min(value.find_first_of(split_at, from), value.size());
        words.push_back(std::string_view(value).substr(from, to - from));
        from = to + 1;
    }
    if (part.reverse) std::ranges::reverse(words);
    const size_t kept = part.labels == 0 ? words.size() : std::min<size_t>(part.labels, words.size());
    std::string out;
    for (size_t i = words.size() - kept; i < words.size(); ++i) {
        if (i > words.size() - kept) out += '.';
        out += words[i];
    }
    return out;
}

// unreserved, RFC 3986 §2.3
bool is_unreserved(char c) {
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void append_escaped(std::string& out, std::string_view value) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : value) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        out += {'%', digits[octet >> 4], digits[octet & 15]};
    }
}

std::string expanded(const MacroPart& part, const MacroValues& values) {
    if (part.letter == 0) return part.literal;
    std::string value = transformed(part, value_of(part, values));
    if (!part.url_escape) return value;
    std::string escaped;
    append_escaped(escaped, value);
    return escaped;
}

}  // namespace

bool MacroString::uses_validated_name() const {
    return std::ranges::any_of(parts_, [](const MacroPart& part) { return part.letter == 'p'; });
}

std::string MacroString::expand(const MacroValues& values) const {
    std::string out;
    for (const MacroPart& part : parts_) {
        out += expanded(part, values);
        if (out.size() <= expansion_octets_max) continue;
        out.resize(expansion_octets_max);
        break;
    }
    return out;
}

std::string MacroString::expand_domain(const MacroValues& values) const {
    // Only the end can be the name: with the dot in front of it, and a final one.
    constexpr size_t enough = name_octets_max + 2;
    std::string name;
    for (const MacroPart& part : parts_ | std::views::reverse) {
        if (name.size() >= enough) break;
        name.insert(0, expanded(part, values));
        if (name.size() > enough) name.erase(0, name.size() - enough);
    }
    if (name.ends_with('.')) name.pop_back();
    if (name.size() <= name_octets_max) return name;
    // Where the last label alone is too long, only that is left: no name, but one label.
    const size_t dot = std::min(name.find('.', name.size() - name_octets_max - 1), name.rfind('.'));
    if (dot != std::string::npos) name.erase(0, dot + 1);
    return name;
}

Result<MacroString> parse_macro_string(std::string_view text) {
    return MacroString(TRY(parse_parts(text, letters, false)));
}

Result<MacroString> parse_domain_spec(std::string_view text) {
    std::vector<MacroPart> parts = TRY(parse_parts(text, letters, false));
    if (parts.empty()) return fail(Fault::syntax, "a domain is missing");
    // domain-end = ( "." toplabel [ "." ] ) / macro-expand
    if (text.ends_with('}') && parts.back().letter != 0) return MacroString(std::move(parts));
    std::string_view end =
        parts.back().letter == 0 ? std::string_view(parts.back().literal) : std::string_view();
    if (end.ends_with('.')) end.remove_suffix(1);
    const size_t dot = end.rfind('.');
    if (dot == std::string_view::npos || !is_top_label(end.substr(dot + 1)))
        return fail(Fault::syntax, "a domain ends in no top label");
    return MacroString(std::move(parts));
}

Result<MacroString> parse_explanation(std::string_view text) {
    return MacroString(TRY(parse_parts(text, explanation_letters, true)));
}

}  // namespace heliopost::spf
