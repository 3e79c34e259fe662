#include "proto/spf/record.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

namespace heliopost::spf {
namespace {

constexpr std::string_view version = "v=spf1";
constexpr size_t shown_octets_max = 60;

struct Kind {
    std::string_view name;
    MechanismKind kind;
};
// In the order of MechanismKind.
constexpr std::array<Kind, 8> kinds{{{"all", MechanismKind::all},
                                     {"include", MechanismKind::include},
                                     {"a", MechanismKind::a},
                                     {"mx", MechanismKind::mx},
                                     {"ptr", MechanismKind::ptr},
                                     {"ip4", MechanismKind::ip4},
                                     {"ip6", MechanismKind::ip6},
                                     {"exists", MechanismKind::exists}}};

bool is_name_octet(char c) {
    return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

// cidr-length = "0" / %x31-39 *DIGIT, up to `bits`
Result<std::uint8_t> parse_prefix(std::string_view text, unsigned bits) {
    const auto length = to_number(text);
    if (!length || *length > bits || (text.size() > 1 && text.front() == '0'))
        return fail(Fault::syntax, "the length of a network is wrong");
    return static_cast<std::uint8_t>(*length);
}

// dual-cidr-length = [ "/" ip4-length ] [ "//" ip6-length ], taken from the end of text: a domain-spec may
// hold slashes of its own.
Result<void> take_prefixes(std::string_view& text, Mechanism& into) {
    const auto tail = [&text](std::string_view mark) -> std::optional<std::string_view> {
        const size_t at = text.rfind(mark);
        if (at == std::string_view::npos) return std::nullopt;
        const std::string_view digits = text.substr(at + mark.size());
        if (!std::ranges::all_of(digits, is_digit)) return std::nullopt;
        text = text.substr(0, at);
        return digits;
    };
    if (const auto six = tail("//")) into.prefix6 = TRY(parse_prefix(*six, 128));
    if (text.ends_with('/')) return fail(Fault::syntax, "the length of a network is missing");
    if (const auto four = tail("/")) into.prefix4 = TRY(parse_prefix(*four, 32));
    return {};
}

Result<void> parse_network(std::string_view text, Mechanism& into) {
    const bool four = into.kind == MechanismKind::ip4;
    const size_t slash = text.find('/');
    if (slash != std::string_view::npos)
        (four ? into.prefix4 : into.prefix6) = TRY(parse_prefix(text.substr(slash + 1), four ? 32 : 128));
    const std::string address(text.substr(0, slash));
    if (inet_pton(four ? AF_INET : AF_INET6, address.c_str(), into.network.data()) != 1)
        return fail(Fault::syntax, "no address of a network");
    return {};
}

// What stands behind a mechanism's name.
Result<void> parse_arguments(std::string_view text, Mechanism& into) {
    const bool colon = text.starts_with(':');
    if (colon) text.remove_prefix(1);
    switch (into.kind) {
        case MechanismKind::all:
            if (colon || !text.empty()) return fail(Fault::syntax, "\"all\" takes nothing");
            return {};
        case MechanismKind::ip4:
        case MechanismKind::ip6:
            if (!colon) return fail(Fault::syntax, "a network is missing");
            return parse_network(text, into);
        case MechanismKind::include:
        case MechanismKind::exists:
            if (!colon) return fail(Fault::syntax, "a domain is missing");
            into.domain = TRY(parse_domain_spec(text));
            return {};
        case MechanismKind::a:
        case MechanismKind::mx:
            TRY(take_prefixes(text, into));
            break;
        case MechanismKind::ptr:
            break;
    }
    if (colon) into.domain = TRY(parse_domain_spec(text));
    if (!colon && !text.empty()) return fail(Fault::syntax, "the argument is wrong");
    return {};
}

// directive = [ qualifier ] mechanism
Result<Mechanism> parse_directive(std::string_view term) {
    Mechanism mechanism;
    mechanism.text = term;
    constexpr std::string_view qualifiers = "+-~?";
    if (const size_t at = qualifiers.find(term.front()); at != std::string_view::npos) {
        mechanism.qualifier = static_cast<Qualifier>(at);
        term.remove_prefix(1);
    }
    const size_t end = std::min(term.find_first_of(":/"), term.size());
    const auto found = std::ranges::find_if(
        kinds, [&](const Kind& kind) { return same_ignoring_case(kind.name, term.substr(0, end)); });
    if (found == kinds.end()) return fail(Fault::syntax, "there is no such mechanism");
    mechanism.kind = found->kind;
    TRY(parse_arguments(term.substr(end), mechanism));
    return mechanism;
}

// modifier = redirect / explanation / unknown-modifier; name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
bool is_modifier(std::string_view term) {
    const size_t equals = term.find('=');
    return equals != std::string_view::npos && equals > 0 && is_alpha(term.front()) &&
           std::ranges::all_of(term.substr(0, equals), is_name_octet);
}

Result<void> parse_modifier(std::string_view term, Record& record) {
    const size_t equals = term.find('=');
    const std::string_view name = term.substr(0, equals), value = term.substr(equals + 1);
    const auto once = [&](std::optional<MacroString>& place) -> Result<void> {
        if (place) return fail(Fault::syntax, "it may stand once only");  // §6
        place = TRY(parse_domain_spec(value));
        return {};
    };
    if (same_ignoring_case(name, "redirect")) return once(record.redirect);
    if (same_ignoring_case(name, "exp")) return once(record.explanation);
    TRY(parse_macro_string(value));
    return {};
}

// A term of a stranger's record, for an error's text.
std::string shown(std::string_view term) {
    std::string out = "\"";
    for (const char c : term.substr(0, shown_octets_max)) out += c > ' ' && c < '\x7f' && c != '"' ? c : '?';
    return out + (term.size() > shown_octets_max ? "...\"" : "\"");
}

Result<void> parse_term(std::string_view term, Record& record) {
    if (is_modifier(term)) return parse_modifier(term, record);
    record.mechanisms.push_back(TRY(parse_directive(term)));
    return {};
}

}  // namespace

bool is_record(std::string_view text) {
    return starts_with_ignoring_case(text, version) &&
           (text.size() == version.size() || text[version.size()] == ' ');
}

Result<Record> parse_record(std::string_view text) {
    if (!is_record(text)) return fail(Fault::syntax, "no SPF record");
    if (text.size() > record_octets_max) return fail(Fault::too_large, "the SPF record is too long");
    Record record;
    size_t terms = 0;
    for (const std::string_view term : split(text.substr(version.size()), ' ')) {
        if (term.empty()) continue;
        if (++terms > terms_max) return fail(Fault::too_large, "the SPF record has too many terms");
        if (const auto parsed = parse_term(term, record); !parsed)
            return fail(parsed.error().fault, shown(term) + ": " + parsed.error().text);
    }
    return record;
}

std::string_view name_of(MechanismKind kind) {
    return kinds.at(static_cast<size_t>(kind)).name;
}

bool same_network(const std::uint8_t* a, const std::uint8_t* b, unsigned bits) {
    const unsigned whole = bits / 8;
    if (!std::equal(a, a + whole, b)) return false;
    const unsigned rest = bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
    return ((a[whole] ^ b[whole]) & mask) == 0;
}

}  // namespace heliopost::spf
