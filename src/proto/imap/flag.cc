#include "proto/imap/flag.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

constexpr std::pair<SystemFlag, std::string_view> names[] = {
    {SystemFlag::answered, "\\Answered"}, {SystemFlag::flagged, "\\Flagged"},
    {SystemFlag::deleted, "\\Deleted"},   {SystemFlag::seen, "\\Seen"},
    {SystemFlag::draft, "\\Draft"},
};

// flag = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension
Result<> parse_flag(Cursor& in, Flags& flags) {
    const size_t start = in.offset();
    const auto rest = in.rest();
    const bool backslash = in.take('\\');
    TRY(parse_atom(in));
    const auto word = rest.substr(0, in.offset() - start);
    if (!backslash) {
        if (word.size() > keyword_octets_max) return fail(Fault::too_large, "keyword too long");
        flags.add(word);
        if (flags.keywords.size() > keywords_max) return fail(Fault::too_large, "too many keywords");
        return {};
    }
    if (const auto flag = system_flag(word)) {
        flags.add(*flag);
        return {};
    }
    // Deviates from RFC 9051 §9 because old clients copy "\Recent" from FETCH into APPEND and STORE.
    if (same_ignoring_case(word, "\\Recent")) return {};
    return fail(Fault::syntax, "unknown system flag");
}

}  // namespace

bool Flags::has(std::string_view keyword) const {
    return std::ranges::any_of(keywords, [&](const auto& own) { return same_ignoring_case(own, keyword); });
}

void Flags::add(std::string_view keyword) {
    if (!has(keyword)) keywords.emplace_back(keyword);
}

std::optional<SystemFlag> system_flag(std::string_view text) {
    for (const auto& [flag, name] : names)
        if (same_ignoring_case(name, text)) return flag;
    return std::nullopt;
}

std::string_view to_text(SystemFlag flag) {
    return std::ranges::find(names, flag, &std::pair<SystemFlag, std::string_view>::first)->second;
}

bool is_keyword(std::string_view text) {
    return !text.empty() && text.size() <= keyword_octets_max && std::ranges::all_of(text, is_atom_char);
}

Result<Flags> parse_flag_list(Cursor& in) {
    Flags flags;
    TRY(in.expect('('));
    if (in.take(')')) return flags;
    do {
        TRY(parse_flag(in, flags));
    } while (in.take(' '));
    TRY(in.expect(')'));
    return flags;
}

Result<Flags> parse_store_flags(Cursor& in) {
    if (in.peek() == '(') return parse_flag_list(in);
    Flags flags;
    do {
        TRY(parse_flag(in, flags));
    } while (in.take(' ') && !in.done());
    return flags;
}

void append_system_flags(std::string& out, std::uint8_t system) {
    bool first = true;
    for (const auto& [flag, name] : names) {
        if ((system & static_cast<std::uint8_t>(flag)) == 0) continue;
        if (!std::exchange(first, false)) out += ' ';
        out += name;
    }
}

void append_flags(std::string& out, const Flags& flags) {
    out += '(';
    append_system_flags(out, flags.system);
    bool first = (flags.system & all_system_flags) == 0;
    for (const auto& keyword : flags.keywords) {
        if (!std::exchange(first, false)) out += ' ';
        out += keyword;
    }
    out += ')';
}

}  // namespace heliopost::imap
