#include "proto/mime/header_collector.h"

#include <algorithm>

#include "base/text.h"
#include "proto/mime/header.h"

namespace heliopost::mime {
namespace {

constexpr size_t field_name_octets_max = 32;  // none that is kept is longer

bool has_eight_bit(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return !is_ascii(c); });
}

}  // namespace

// Half of what may be kept is for the content fields: without them nobody would see what the parts are.
HeaderCollector::HeaderCollector(const Limits& limits, Journal& journal, Structure& structure)
    : limits_(limits),
      journal_(journal),
      structure_(structure),
      content_left_(limits.header_octets - limits.header_octets / 2),
      envelope_left_(limits.header_octets / 2) {}

void HeaderCollector::begin(bool has_envelope) {
    ++headers_;
    has_envelope_ = has_envelope;
    any_field_ = false;
    keeping_ = false;
    seen_ = 0;
    content_type_ = 0;
    content_encoding_ = 0;
}

HeaderCollector::Line HeaderCollector::add(std::string_view line) {
    if (is_space(line[0]) && any_field_) {
        if (keeping_) {
            append("\n");
            append(line);
        }
        if (!structure_.eight_bit_header) structure_.eight_bit_header = has_eight_bit(line);
        return Line::taken;
    }
    const auto name = field_name(line);
    if (!name && !any_field_ && !line.starts_with("From ") && !line.starts_with(">From "))
        return Line::not_header;
    end_field();
    if (!structure_.eight_bit_header) structure_.eight_bit_header = has_eight_bit(line);
    if (!name) return Line::taken;
    any_field_ = true;
    begin_field(*name, line.substr(line.find(':') + 1));
    return Line::taken;
}

void HeaderCollector::begin_field(std::string_view name, std::string_view value) {
    if (name.size() > field_name_octets_max) return;
    if (headers_ == 1 && same_ignoring_case(name, "Received")) ++received_fields_;
    const auto field = kept_field(name, has_envelope_);
    if (!field || (seen_ >> *field & 1) != 0) return;
    seen_ |= 1U << *field;
    if ((*field < content_fields ? content_left_ : envelope_left_) == 0) {
        structure_.over_limit = true;
        return;
    }
    field_ = *field;
    keeping_ = true;
    journal_.begin_field(field_);
    if (field_ == content_type_field) content_type_ = journal_.field_begin();
    if (field_ == content_encoding_field) content_encoding_ = journal_.field_begin();
    append(value);
}

void HeaderCollector::append(std::string_view text) {
    size_t& left = field_ < content_fields ? content_left_ : envelope_left_;
    const size_t room =
        std::min(limits_.field_octets - std::min(limits_.field_octets, journal_.field_size()), left);
    const auto kept = text.substr(0, room);
    if (kept.size() < text.size()) structure_.over_limit = true;
    left -= kept.size();
    journal_.append(kept);
}

void HeaderCollector::end_field() {
    if (!keeping_) return;
    keeping_ = false;
    journal_.end_field();
    size_t& left = field_ < content_fields ? content_left_ : envelope_left_;
    left -= std::min(left, Journal::field_overhead);  // empty fields, too, end
}

void HeaderCollector::end() {
    end_field();
}

std::optional<std::string_view> HeaderCollector::value_at(size_t begin) const {
    if (begin == 0) return std::nullopt;
    return journal_.value_at(begin);
}

}  // namespace heliopost::mime
