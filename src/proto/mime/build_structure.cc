// From the journal of a message to its Structure.
#include <algorithm>
#include <utility>

#include "base/cursor.h"
#include "base/text.h"
#include "proto/mime/cfws.h"
#include "proto/mime/envelope_fields.h"
#include "proto/mime/header.h"
#include "proto/mime/journal.h"

namespace heliopost::mime {
namespace {

constexpr size_t languages_max = 64;

// Language-List = Language-Tag *("," Language-Tag), RFC 3282 §2
std::vector<std::string> language_list(std::string_view value) {
    std::vector<std::string> tags;
    Cursor in(value);
    while (!in.done() && tags.size() < languages_max) {
        skip_cfws(in);
        const auto tag =
            in.take_while([](char c) { return !is_white(c) && c != ',' && c != '(' && c != '\0'; });
        if (!tag.empty()) tags.emplace_back(tag);
        if (tag.empty()) in.skip();
    }
    return tags;
}

void show_as(Part& part, const char* type, const char* subtype) {
    part.type.type = type;
    part.type.subtype = subtype;
    std::erase_if(part.type.parameters, [](const Parameter& parameter) {
        return !starts_with_ignoring_case(parameter.name, "name");  // what it is saved as
    });
}

class Builder {
public:
    Builder(const Limits& limits, Structure& structure)
        : limits_(limits),
          structure_(structure),
          parameters_left_(limits.parameters_in_message),
          addresses_left_(limits.addresses) {}

    void add(const Journal::Entry& entry) {
        switch (entry.kind) {
            case Journal::Kind::open:
            case Journal::Kind::open_with_envelope:
                return open(entry);
            case Journal::Kind::field:
                return field(entry.detail, entry.value);
            case Journal::Kind::end_header:
                return end_header(static_cast<Shape>(entry.detail), entry.place);
            case Journal::Kind::close:
                return close(entry.place);
        }
    }

private:
    struct Frame {
        std::uint32_t part;
        std::uint64_t lines_before = 0;  // line ends in the message before the body
    };

    Part& current() { return structure_.parts[open_.back().part]; }

    void open(const Journal::Entry& entry) {
        const auto index = static_cast<std::uint32_t>(structure_.parts.size());
        if (!open_.empty()) current().children.push_back(index);
        structure_.parts.emplace_back().header_begin = entry.place.offset;
        open_.push_back({index});
        typed_ = false;
        has_envelope_ = entry.kind == Journal::Kind::open_with_envelope;
        envelope_ = EnvelopeBuilder();
    }

    void field(unsigned field, std::string_view value) {
        if (field < content_fields) return content_field(kept_field_name(field), value);
        envelope_.add(kept_field_name(field), value, addresses_left_);
        if (addresses_left_ == 0) structure_.over_limit = true;
    }

    void content_field(std::string_view name, std::string_view value);
    void end_header(Shape shape, Place place);
    void close(Place place);

    const Limits& limits_;
    Structure& structure_;
    std::vector<Frame> open_;
    size_t parameters_left_;
    size_t addresses_left_;
    bool typed_ = false;
    bool has_envelope_ = false;
    EnvelopeBuilder envelope_;
};

void Builder::content_field(std::string_view name, std::string_view value) {
    Limits limits = limits_;
    limits.parameters = std::min(limits.parameters, parameters_left_);
    const auto keep = [&](const Parameters& parameters) {
        parameters_left_ -= std::min(parameters_left_, parameters.size());
        if (parameters.size() >= limits.parameters) structure_.over_limit = true;
    };
    Part& part = current();
    if (name == "content-type") {
        typed_ = true;
        part.type = type_of(value, limits);
        keep(part.type.parameters);
    } else if (name == "content-disposition") {
        part.disposition = parse_disposition(value, limits);
        keep(part.disposition.parameters);
    } else if (name == "content-transfer-encoding") {
        part.encoding = encoding_word(value);
    } else if (name == "content-id") {
        part.id = unfold(value);
    } else if (name == "content-description") {
        part.description = unfold(value);
    } else if (name == "content-language") {
        part.language = language_list(value);
    } else if (name == "content-location") {
        part.location = unfold(value);
    } else {
        part.md5 = unfold(value);
    }
}

void Builder::end_header(Shape shape, Place place) {
    Part& part = current();
    part.body_begin = place.offset;
    open_.back().lines_before = place.lines;
    if (!typed_) {
        const bool in_digest =
            open_.size() > 1 && structure_.parts[open_[open_.size() - 2].part].is("multipart", "digest");
        part.type = default_type(in_digest);
    }
    if (has_envelope_) {
        part.envelope = static_cast<std::uint32_t>(structure_.envelopes.size());
        structure_.envelopes.push_back(envelope_.take());
    }
    if (shape == Shape::multipart) part.kind = PartKind::multipart;
    if (shape == Shape::message) part.kind = PartKind::message;
    if (shape == Shape::opaque) show_as(part, "application", "octet-stream");
    if (shape == Shape::text) show_as(part, "text", "plain");
}

void Builder::close(Place place) {
    Part& part = current();
    part.body_end = place.offset;
    part.lines = place.lines - open_.back().lines_before;
    if (part.kind == PartKind::multipart && part.children.empty()) {
        part.kind = PartKind::leaf;
        show_as(part, "text", "plain");
    }
    open_.pop_back();
}

}  // namespace

ContentType default_type(bool in_digest) {
    if (in_digest) return {"message", "rfc822", {}};  // RFC 2046 §5.1.5
    return {"text", "plain", {}};
}

ContentType type_of(std::string_view value, const Limits& limits) {
    ContentType type = parse_content_type(value, limits);
    if (type.type.empty() || type.subtype.empty()) {
        // "text" alone keeps its charset.
        if (!same_ignoring_case(type.type, "text")) type.parameters.clear();
        type.type = "text";
        type.subtype = "plain";
    }
    return type;
}

std::string_view encoding_word(std::string_view value) {
    Cursor in(value);
    skip_cfws(in);
    return in.take_while([](char c) { return !is_white(c) && c != ';' && c != '(' && c != '\0'; });
}

void build_structure(const Journal& journal, const Limits& limits, Structure& structure) {
    structure.parts.reserve(journal.parts());
    Builder builder(limits, structure);
    Journal::Reader entries(journal);
    while (const auto entry = entries.next()) builder.add(*entry);
}

}  // namespace heliopost::mime
