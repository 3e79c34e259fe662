#include "proto/mime/header_collector.h"

#include <algorithm>
#include <array>

#include "base/cursor.h"
#include "base/text.h"
#include "proto/mime/cfws.h"
#include "proto/mime/header.h"

namespace heliopost::mime {
namespace {

constexpr auto content_fields = std::to_array<std::string_view>({
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "content-description",
    "content-language",
    "content-location",
    "content-md5",
});
constexpr size_t field_name_octets_max = 32;  // none that is kept is longer
constexpr size_t languages_max = 64;

bool is_kept(std::string_view lower_name, bool has_envelope) {
    return std::find(content_fields.begin(), content_fields.end(), lower_name) != content_fields.end() ||
           (has_envelope && is_envelope_field(lower_name));
}

// mechanism, RFC 2045 §6.1, without what senders put around it
std::string encoding_word(std::string_view value) {
    Cursor in(value);
    skip_cfws(in);
    return std::string(
        in.take_while([](char c) { return !is_white(c) && c != ';' && c != '(' && c != '\0'; }));
}

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

bool has_eight_bit(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return !is_ascii(c); });
}

}  // namespace

HeaderCollector::HeaderCollector(const Limits& limits, Structure& structure)
    : limits_(limits),
      structure_(structure),
      octets_left_(limits.header_octets),
      parameters_left_(limits.parameters_in_message),
      addresses_left_(limits.addresses) {}

void HeaderCollector::begin(bool has_envelope) {
    has_envelope_ = has_envelope;
    any_field_ = false;
    keeping_ = false;
    seen_ = 0;
    collected_ = Part();
    envelope_ = EnvelopeBuilder();
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
    name_ = to_lower(name);
    if (!is_kept(name_, has_envelope_)) return;
    keeping_ = true;
    value_.clear();
    append(value);
}

void HeaderCollector::append(std::string_view text) {
    const size_t room =
        std::min(limits_.field_octets - std::min(limits_.field_octets, value_.size()), octets_left_);
    const auto kept = text.substr(0, room);
    if (kept.size() < text.size()) structure_.over_limit = true;
    octets_left_ -= kept.size();
    value_ += kept;
}

void HeaderCollector::end_field() {
    if (!keeping_) return;
    keeping_ = false;
    if (name_.starts_with("content-")) {
        const auto bit = static_cast<size_t>(std::find(content_fields.begin(), content_fields.end(), name_) -
                                             content_fields.begin());
        if ((seen_ >> bit & 1) == 0) content_field(name_, value_);  // the first counts
        seen_ |= 1U << bit;
    } else {
        envelope_.add(name_, value_, addresses_left_);
        if (addresses_left_ == 0) structure_.over_limit = true;
    }
    // One huge field must not hold its room to the end of the message.
    if (value_.capacity() > 65'536) value_ = std::string();
}

void HeaderCollector::content_field(std::string_view name, std::string_view value) {
    Limits limits = limits_;
    limits.parameters = std::min(limits.parameters, parameters_left_);
    const auto keep = [&](Parameters& parameters) {
        parameters_left_ -= std::min(parameters_left_, parameters.size());
        if (parameters.size() >= limits.parameters) structure_.over_limit = true;
    };
    if (name == "content-type") {
        collected_.type = parse_content_type(value, limits);
        keep(collected_.type.parameters);
    } else if (name == "content-disposition") {
        collected_.disposition = parse_disposition(value, limits);
        keep(collected_.disposition.parameters);
    } else if (name == "content-transfer-encoding") {
        collected_.encoding = encoding_word(value);
    } else if (name == "content-id") {
        collected_.id = unfold(value);
    } else if (name == "content-description") {
        collected_.description = unfold(value);
    } else if (name == "content-language") {
        collected_.language = language_list(value);
    } else if (name == "content-location") {
        collected_.location = unfold(value);
    } else {
        collected_.md5 = unfold(value);
    }
}

void HeaderCollector::end(Part& part, const ContentType& fallback) {
    end_field();
    const bool typed = (seen_ & 1) != 0;
    ContentType type = std::move(collected_.type);
    if (!typed) {
        type = fallback;
    } else if (type.type.empty() || type.subtype.empty()) {
        // RFC 2045 §5.2: text/plain where it cannot be read; "text" alone keeps its charset.
        if (!same_ignoring_case(type.type, "text")) type.parameters.clear();
        type.type = "text";
        type.subtype = "plain";
    }
    part.type = std::move(type);
    part.disposition = std::move(collected_.disposition);
    part.encoding = std::move(collected_.encoding);
    part.id = std::move(collected_.id);
    part.description = std::move(collected_.description);
    part.md5 = std::move(collected_.md5);
    part.location = std::move(collected_.location);
    part.language = std::move(collected_.language);
    if (has_envelope_) {
        part.envelope = static_cast<std::uint32_t>(structure_.envelopes.size());
        structure_.envelopes.push_back(envelope_.take());
    }
}

}  // namespace heliopost::mime
