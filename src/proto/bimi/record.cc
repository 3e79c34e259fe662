#include "proto/bimi/record.h"

#include <algorithm>

#include "base/text.h"
#include "proto/dkim/tag_list.h"

namespace heliopost::bimi {
namespace {

// Only https: a logo that is fetched in the clear could be anybody's.
Result<std::string> address_of(const dkim::TagList& tags, std::string_view name) {
    const auto value = tags.find(name);
    if (!value || value->empty()) return std::string();
    const bool printable = std::ranges::all_of(*value, [](char c) { return c > ' ' && c < '\x7f'; });
    if (!printable || !starts_with_ignoring_case(*value, "https://") || value->size() == 8)
        return fail(Fault::syntax, std::string(name) + "= is no https address");
    return std::string(*value);
}

}  // namespace

bool is_record(std::string_view text) {
    const std::string_view first = text.substr(0, text.find(';'));
    const size_t equals = first.find('=');
    return equals != std::string_view::npos && trim(first.substr(0, equals)) == "v" &&
           trim(first.substr(equals + 1)) == "BIMI1";
}

Result<Record> parse_record(std::string_view text) {
    if (text.size() > record_octets_max) return fail(Fault::too_large, "the record is too long");
    if (!is_record(text)) return fail(Fault::syntax, "the record does not begin with v=BIMI1");
    const dkim::TagList tags = TRY(dkim::TagList::parse(text));
    Record record;
    record.logo = TRY(address_of(tags, "l"));
    record.authority = TRY(address_of(tags, "a"));
    return record;
}

Result<std::string> parse_selector(std::string_view value) {
    if (value.size() > record_octets_max) return fail(Fault::too_large, "the field is too long");
    const dkim::TagList tags = TRY(dkim::TagList::parse(value));
    if (tags.find("v") != "BIMI1") return fail(Fault::syntax, "v= is not BIMI1");
    const std::string_view selector = tags.find("s").value_or("");
    const bool good =
        std::ranges::all_of(selector, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
    if (selector.empty() || selector.size() > selector_octets_max || !good)
        return fail(Fault::syntax, "s= is no selector");
    return to_lower(selector);
}

}  // namespace heliopost::bimi
