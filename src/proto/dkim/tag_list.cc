#include "proto/dkim/tag_list.h"

#include <algorithm>

#include "base/cursor.h"

namespace heliopost::dkim {
namespace {

bool is_folding_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_name_octet(char c) {
    return is_alnum(c) || c == '_';
}

// tval = 1*VALCHAR, and UTF-8 as RFC 8616 §3 has it
bool is_value_octet(char c) {
    return (c > ' ' && c != ';' && c != '\x7f') || !is_ascii(c) || is_folding_space(c);
}

// tag-spec = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
Result<std::pair<std::string, std::string>> parse_tag(Cursor& in) {
    in.take_while(is_folding_space);
    const std::string_view name = in.take_while(is_name_octet);
    if (name.empty() || !is_alpha(name.front())) return fail(Fault::syntax, "a tag has no name");
    in.take_while(is_folding_space);
    TRY(in.expect('='));
    const std::string_view value = trim(in.take_while(is_value_octet));
    return std::pair(std::string(name), std::string(value));
}

}  // namespace

Result<TagList> TagList::parse(std::string_view text) {
    TagList list;
    Cursor in(text);
    while (!in.done()) {
        if (list.tags_.size() == tags_max) return fail(Fault::too_large, "too many tags");
        auto tag = TRY(parse_tag(in));
        if (list.find(tag.first)) return fail(Fault::syntax, "the tag " + tag.first + "= stands twice");
        list.tags_.push_back(std::move(tag));
        if (in.done()) break;
        TRY(in.expect(';'));
        // tag-list = tag-spec *( ";" tag-spec ) [ ";" ]
        if (std::ranges::all_of(in.rest(), is_folding_space)) break;
    }
    if (list.tags_.empty()) return fail(Fault::syntax, "there are no tags");
    return list;
}

std::optional<std::string_view> TagList::find(std::string_view name) const {
    for (const auto& [key, value] : tags_)
        if (key == name) return value;
    return std::nullopt;
}

std::string without_space(std::string_view value) {
    std::string out(value);
    std::erase_if(out, is_folding_space);
    return out;
}

std::vector<std::string> words_of(std::string_view value, char separator) {
    std::vector<std::string> words;
    for (const std::string_view word : split(value, separator)) words.emplace_back(trim(word));
    return words;
}

std::string without_value_of(std::string_view tag, std::string_view field) {
    const size_t colon = field.find(':');
    for (size_t from = colon == std::string_view::npos ? field.size() : colon + 1; from < field.size();) {
        const size_t to = std::min(field.find(';', from), field.size());
        const size_t equals = field.find('=', from);
        if (equals < to && trim(field.substr(from, equals - from)) == tag) {
            // A line end that closes the field is not the value's.
            std::string_view rest = field.substr(to);
            if (to == field.size() && field.ends_with("\r\n")) rest = field.substr(field.size() - 2);
            return std::string(field.substr(0, equals + 1)) + std::string(rest);
        }
        from = to + 1;
    }
    return std::string(field);
}

}  // namespace heliopost::dkim
