#include "server/imap/header_filter.h"

#include <algorithm>

#include "base/text.h"
#include "proto/mime/header.h"

namespace heliopost::imap_server {

HeaderFilter::HeaderFilter(const imap::Section& section)
    : named_are_wanted_(section.text == imap::Section::Text::header_fields) {
    names_.reserve(section.fields.size());
    for (const std::string& name : section.fields) names_.push_back(to_lower(name));
    std::ranges::sort(names_);
}

bool HeaderFilter::is_wanted(std::string_view name) {
    lowered_ = name;
    for (char& c : lowered_) c = lower(c);
    return std::ranges::binary_search(names_, lowered_) == named_are_wanted_;
}

void HeaderFilter::feed(std::string_view piece, std::string& out) {
    while (!piece.empty() && !ended_) {
        if (in_name_ && name_.empty() && is_space(piece.front()))
            in_name_ = false;  // goes on as the line before
        if (in_name_) {
            take_name(piece, out);
            continue;
        }
        const std::size_t end = std::min(piece.find('\n'), piece.size() - 1) + 1;
        if (keep_) out += piece.substr(0, end);
        in_name_ = piece[end - 1] == '\n';
        piece.remove_prefix(end);
    }
}

void HeaderFilter::take_name(std::string_view& piece, std::string& out) {
    const std::size_t room = filtered_name_octets_max + 1 - name_.size();
    const std::size_t end = std::min({piece.find_first_of(":\n"), room, piece.size()});
    name_ += piece.substr(0, end);
    piece.remove_prefix(end);
    if (piece.empty() && end != room) return;  // more of it is to come
    const bool line_end = !piece.empty() && piece.front() == '\n';
    if (line_end) ended_ = name_.empty() || name_ == "\r";
    keep_ = false;
    if (end != room && !line_end) {
        const std::string start = name_ + ':';
        const auto name = mime::field_name(start);
        keep_ = name && is_wanted(*name);
    }
    if (keep_) out += name_;
    name_.clear();
    in_name_ = line_end;
    if (line_end) piece.remove_prefix(1);
}

}  // namespace heliopost::imap_server
