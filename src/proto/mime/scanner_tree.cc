#include <algorithm>
#include <utility>

#include "base/text.h"
#include "proto/mime/scanner_state.h"
#include "proto/mime/transfer.h"

namespace heliopost::mime {
namespace {

constexpr size_t parts_min = 2;  // a message and all the rest

std::string_view trim_end(std::string_view text) {
    while (!text.empty() && (is_space(text.back()) || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

enum class Delimiter : std::uint8_t { none, next, close };

// delimiter = "--" boundary;  close-delimiter = delimiter "--"
// Deviates from RFC 2046 §5.1.1, which compares the beginning of the line only, because then a boundary
// that begins like another one would end it: the whole line must match, as most readers have it.
Delimiter match(std::string_view dashed, std::string_view boundary) {
    if (!dashed.starts_with(boundary)) return Delimiter::none;
    dashed = trim_end(dashed.substr(boundary.size()));  // transport padding
    if (dashed.empty()) return Delimiter::next;
    return dashed == "--" ? Delimiter::close : Delimiter::none;
}

bool is_message_type(const Part& part) {
    return part.is("message", "rfc822") || part.is("message", "global");
}

}  // namespace

Scanner::State::State(const Limits& limits) : limits_(limits), header_(limits, structure_) {
    limits_.parts = std::max(limits_.parts, parts_min);
    open_part(0, true);
}

bool Scanner::State::delimiter_line(std::string_view line, std::uint64_t next, size_t end_octets) {
    if (boundaries_ == 0 || !line.starts_with("--")) return false;
    const auto dashed = line.substr(2);
    auto found = Delimiter::none;
    size_t frame = open_.size();
    while (frame > 0 && found == Delimiter::none) {  // from the innermost out
        --frame;
        if (!open_[frame].boundary.empty()) found = match(dashed, open_[frame].boundary);
    }
    if (found == Delimiter::none) return false;

    // The line end before the delimiter belongs to it.
    const std::uint64_t end = line_begin_ - previous_end_;
    const std::uint64_t lines = lines_ - (previous_end_ > 0 ? 1 : 0);
    while (where_ == Where::header) end_header(end, lines);
    close_from(frame + 1, end, lines);
    where_ = Where::body;
    if (end_octets > 0) ++lines_;
    line_begin_ = next;
    previous_end_ = 0;
    if (found == Delimiter::next) {
        open_part(next, false);
    } else {
        open_[frame].boundary.clear();
        --boundaries_;
        previous_end_ = end_octets;  // belongs to the delimiter of an outer part, if one follows
    }
    return true;
}

// A child of the innermost open part.
void Scanner::State::open_part(std::uint64_t begin, bool has_envelope) {
    if (structure_.parts.size() + 1 >= limits_.parts) return open_last_part(begin);
    const auto index = static_cast<std::uint32_t>(structure_.parts.size());
    if (!open_.empty()) current().children.push_back(index);
    structure_.parts.emplace_back().header_begin = begin;
    open_.emplace_back().part = index;
    header_.begin(has_envelope);
    where_ = Where::header;
}

// The last part allowed: it takes all the rest of the message.
void Scanner::State::open_last_part(std::uint64_t begin) {
    const auto index = static_cast<std::uint32_t>(structure_.parts.size());
    current().children.push_back(index);
    structure_.parts.emplace_back().header_begin = begin;
    structure_.parts.back().body_begin = begin;
    open_.emplace_back().part = index;
    open_.back().lines_before = lines_;
    show_as("application", "octet-stream");
    structure_.over_limit = true;
    where_ = Where::skipped;
}

void Scanner::State::end_header(std::uint64_t body_begin, std::uint64_t lines_before) {
    ContentType fallback{"text", "plain", {}};
    if (open_.size() > 1) {
        const Part& parent = structure_.parts[open_[open_.size() - 2].part];
        if (parent.is("multipart", "digest")) fallback = {"message", "rfc822", {}};  // RFC 2046 §5.1.5
    }
    current().body_begin = body_begin;
    open_.back().lines_before = lines_before;
    where_ = Where::body;
    header_.end(current(), fallback);
    enter_composite();
}

// What the part just read the header of is made of.
void Scanner::State::enter_composite() {
    const bool multipart = current().is_type("multipart");
    if (!multipart && !is_message_type(current())) return;
    if (open_.size() >= limits_.nesting || (!multipart && structure_.parts.size() + 2 >= limits_.parts)) {
        structure_.over_limit = true;
        return show_as("application", "octet-stream");
    }
    if (multipart) {
        auto boundary = find_parameter(current().type.parameters, "boundary").value_or(std::string());
        if (boundary.empty() || boundary.size() > limits_.boundary_octets) return show_as("text", "plain");
        current().kind = PartKind::multipart;
        open_.back().boundary = std::move(boundary);
        ++boundaries_;
        return;
    }
    const auto encoding = parse_transfer_encoding(current().encoding);
    if (encoding != TransferEncoding::identity && encoding != TransferEncoding::unknown)
        return show_as("application", "octet-stream");  // its octets are no message: RFC 2046 §5.2.1
    current().kind = PartKind::message;
    open_part(current().body_begin, true);
}

void Scanner::State::close_from(size_t frame, std::uint64_t end, std::uint64_t lines) {
    while (open_.size() > frame) {
        Part& part = current();
        part.body_end = end;
        part.lines = lines - open_.back().lines_before;
        if (!open_.back().boundary.empty()) --boundaries_;
        if (part.kind == PartKind::multipart && part.children.empty()) {
            part.kind = PartKind::leaf;
            show_as("text", "plain");
        }
        open_.pop_back();
    }
}

void Scanner::State::show_as(const char* type, const char* subtype) {
    current().type.type = type;
    current().type.subtype = subtype;
    std::erase_if(current().type.parameters, [](const Parameter& parameter) {
        return !starts_with_ignoring_case(parameter.name, "name");  // what it is saved as
    });
}

}  // namespace heliopost::mime
