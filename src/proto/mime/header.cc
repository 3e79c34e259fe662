#include "proto/mime/header.h"

#include <algorithm>

#include "base/text.h"
#include "proto/mime/encoded_word.h"

namespace heliopost::mime {
namespace {

struct Line {
    std::string_view text;  // without its line end
    size_t end;             // where the next line begins
};

Line line_at(std::string_view block, size_t at) {
    const size_t lf = block.find('\n', at);
    if (lf == std::string_view::npos) return {block.substr(at), block.size()};
    const size_t cr = lf > at && block[lf - 1] == '\r' ? 1 : 0;
    return {block.substr(at, lf - cr - at), lf + 1};
}

// ftext = %d33-57 / %d59-126
bool is_ftext(char c) {
    return c >= 33 && c <= 126 && c != ':';
}

}  // namespace

// field-name = 1*ftext;  obs-optional = field-name *WSP ":" unstructured CRLF
std::optional<std::string_view> field_name(std::string_view line) {
    size_t end = 0;
    while (end < line.size() && is_ftext(line[end])) ++end;
    if (end == 0) return std::nullopt;
    size_t colon = end;
    while (colon < line.size() && is_space(line[colon])) ++colon;
    if (colon == line.size() || line[colon] != ':') return std::nullopt;
    return line.substr(0, end);
}

std::string disguised_name(std::string_view line) {
    constexpr size_t longest = 64;  // names worth a disguise are shorter
    std::string name;
    if (line.empty() || is_space(line.front()) || field_name(line)) return name;
    for (const char c : line.substr(0, line.find(':'))) {
        if (!is_ftext(c)) continue;
        if (name.size() == longest) return {};
        name += c;
    }
    return name;
}

bool has_disguised(std::string_view block, const std::function<bool(std::string_view)>& is_meant) {
    for (size_t at = 0; at < block.size();) {
        const Line line = line_at(block, at);
        if (line.text.empty()) break;
        at = line.end;
        const std::string name = disguised_name(line.text);
        if (name.empty()) continue;
        const std::string_view more = line_at(block, at).text;
        const bool ends_below = !more.empty() && is_space(more.front()) && trim(more).starts_with(':');
        if ((line.text.contains(':') || ends_below) && is_meant(name)) return true;
    }
    return false;
}

std::optional<Field> FieldReader::next() {
    while (!ended_ && at_ < block_.size()) {
        const size_t begin = at_;
        const Line first = line_at(block_, at_);
        at_ = first.end;
        if (first.text.empty()) {
            ended_ = true;
            break;
        }
        const auto name = field_name(first.text);
        if (!name) continue;
        const size_t value = first.text.find(':') + 1 + begin;
        size_t value_end = begin + first.text.size();
        while (at_ < block_.size() && is_space(block_[at_])) {
            const Line more = line_at(block_, at_);
            value_end = at_ + more.text.size();
            at_ = more.end;
        }
        return Field{*name, block_.substr(value, value_end - value), begin, at_};
    }
    return std::nullopt;
}

std::optional<Field> find_field(std::string_view block, std::string_view name) {
    FieldReader fields(block);
    while (const auto field = fields.next())
        if (same_ignoring_case(field->name, name)) return field;
    return std::nullopt;
}

std::string unfold(std::string_view value) {
    std::string text;
    text.reserve(value.size());
    // NUL and lone CR go too: no IMAP string may hold them.
    std::copy_if(value.begin(), value.end(), std::back_inserter(text),
                 [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
    return std::string(trim(text));
}

std::string decode_unstructured(std::string_view value) {
    return decode_words(unfold(value));
}

}  // namespace heliopost::mime
