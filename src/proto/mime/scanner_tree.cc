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
// `text` is how much of the line is left without the transport padding at its end.
Delimiter match(std::string_view dashed, size_t text, std::string_view boundary) {
    if (!dashed.starts_with(boundary)) return Delimiter::none;
    if (text <= boundary.size()) return Delimiter::next;
    return dashed.substr(0, text).substr(boundary.size()) == "--" ? Delimiter::close : Delimiter::none;
}

bool is_message_type(const ContentType& type) {
    return same_ignoring_case(type.type, "message") &&
           (same_ignoring_case(type.subtype, "rfc822") || same_ignoring_case(type.subtype, "global"));
}

}  // namespace

Scanner::State::State(const Limits& limits) : limits_(limits), header_(limits, journal_, structure_) {
    limits_.parts = std::max(limits_.parts, parts_min);
    open_part(0, true);
}

bool Scanner::State::delimiter_line(std::string_view line, std::uint64_t next, size_t end_octets) {
    if (boundaries_ == 0 || !line.starts_with("--")) return false;
    const auto dashed = line.substr(2);
    // Once, for each open multipart looks at the line, and it may be of blanks.
    const size_t text = trim_end(dashed).size();
    auto found = Delimiter::none;
    size_t frame = open_.size();
    while (frame > 0 && found == Delimiter::none) {  // from the innermost out
        --frame;
        if (!open_[frame].boundary.empty()) found = match(dashed, text, open_[frame].boundary);
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
    if (journal_.parts() + 1 >= limits_.parts) return open_last_part(begin);
    journal_.open(has_envelope, {begin, lines_});
    open_.emplace_back();
    header_.begin(has_envelope);
    where_ = Where::header;
}

// The last part allowed: it takes all the rest of the message.
void Scanner::State::open_last_part(std::uint64_t begin) {
    journal_.open(false, {begin, lines_});
    journal_.end_header(Shape::opaque, {begin, lines_});
    open_.emplace_back();
    structure_.over_limit = true;
    where_ = Where::skipped;
}

void Scanner::State::end_header(std::uint64_t body_begin, std::uint64_t lines_before) {
    header_.end();
    const auto value = header_.content_type();
    const ContentType type =
        value ? type_of(*value, limits_) : default_type(open_.size() > 1 && open_[open_.size() - 2].digest);
    const Shape shape = shape_of(type);
    journal_.end_header(shape, {body_begin, lines_before});
    where_ = Where::body;
    if (shape == Shape::message) open_part(body_begin, true);
}

// What the part just read the header of is made of.
Shape Scanner::State::shape_of(const ContentType& type) {
    const bool multipart = same_ignoring_case(type.type, "multipart");
    if (!multipart && !is_message_type(type)) return Shape::leaf;
    if (open_.size() >= limits_.nesting || (!multipart && journal_.parts() + 2 >= limits_.parts)) {
        structure_.over_limit = true;
        return Shape::opaque;
    }
    if (multipart) {
        auto boundary = find_boundary(type.parameters);
        if (boundary.empty() || boundary.size() > limits_.boundary_octets) return Shape::text;
        open_.back().boundary = std::move(boundary);
        open_.back().digest = same_ignoring_case(type.subtype, "digest");
        ++boundaries_;
        return Shape::multipart;
    }
    const auto encoding = parse_transfer_encoding(encoding_word(header_.content_encoding()));
    if (encoding != TransferEncoding::identity && encoding != TransferEncoding::unknown)
        return Shape::opaque;  // its octets are no message: RFC 2046 §5.2.1
    return Shape::message;
}

void Scanner::State::close_from(size_t frame, std::uint64_t end, std::uint64_t lines) {
    for (; open_.size() > frame; open_.pop_back()) {
        journal_.close({end, lines});
        if (!open_.back().boundary.empty()) --boundaries_;
    }
}

}  // namespace heliopost::mime
