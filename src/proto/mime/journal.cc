#include "proto/mime/journal.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "base/assert.h"
#include "base/text.h"

namespace heliopost::mime {
namespace {

constexpr auto field_names = std::to_array<std::string_view>({
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "content-description",
    "content-language",
    "content-location",
    "content-md5",
    "date",
    "subject",
    "in-reply-to",
    "message-id",
    "references",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
});
constexpr size_t room_min = 256;

// An entry's first octet: its kind, and for a field its number, else what of the place has changed since the
// entry before, and the shape.
constexpr unsigned kind_bits = 3;
constexpr unsigned offset_moved = 1U << 3;
constexpr unsigned lines_moved = 1U << 4;
constexpr unsigned shape_shift = 5;
static_assert(field_names.size() <= 1U << (8 - kind_bits));

}  // namespace

std::optional<unsigned> kept_field(std::string_view name, bool has_envelope) {
    const auto names = std::span(field_names).first(has_envelope ? field_names.size() : content_fields);
    const auto found =
        std::ranges::find_if(names, [&](std::string_view known) { return same_ignoring_case(known, name); });
    if (found == names.end()) return std::nullopt;
    return static_cast<unsigned>(found - names.begin());
}

std::string_view kept_field_name(unsigned field) {
    return field_names.at(field);
}

// Grows by half, not to the double: what is held must stay near what was sent.
void Journal::make_room(size_t octets) {
    const size_t needed = octets_.size() + octets;
    if (needed > octets_.capacity())
        octets_.reserve(std::max({needed, octets_.capacity() + octets_.capacity() / 2, room_min}));
}

void Journal::add_number(std::uint64_t number) {
    while (number >= 0x80) {
        octets_.push_back(static_cast<char>(number | 0x80));
        number >>= 7;
    }
    octets_.push_back(static_cast<char>(number));
}

void Journal::add(Kind kind, unsigned detail, Place place) {
    constexpr size_t entry_octets_max = 1 + 10 + 10;
    make_room(entry_octets_max);
    const bool moved = place.offset != last_.offset;
    const bool more_lines = place.lines != last_.lines;
    octets_.push_back(static_cast<char>(static_cast<unsigned>(kind) | (moved ? offset_moved : 0) |
                                        (more_lines ? lines_moved : 0) | (detail << shape_shift)));
    // Differences wrap around: they need not be positive.
    if (moved) add_number(place.offset - last_.offset);
    if (more_lines) add_number(place.lines - last_.lines);
    last_ = place;
}

void Journal::open(bool has_envelope, Place place) {
    ++parts_;
    add(has_envelope ? Kind::open_with_envelope : Kind::open, 0, place);
}

void Journal::end_header(Shape shape, Place place) {
    add(Kind::end_header, static_cast<unsigned>(shape), place);
}

void Journal::close(Place place) {
    add(Kind::close, 0, place);
}

void Journal::begin_field(unsigned field) {
    make_room(field_overhead);
    octets_.push_back(static_cast<char>(static_cast<unsigned>(Kind::field) | (field << kind_bits)));
    octets_.resize(octets_.size() + sizeof(std::uint32_t));  // its length, which end_field() knows
    field_begin_ = octets_.size();
}

void Journal::append(std::string_view value) {
    make_room(value.size());
    octets_.insert(octets_.end(), value.begin(), value.end());
}

void Journal::end_field() {
    const auto length = static_cast<std::uint32_t>(field_size());
    std::memcpy(octets_.data() + field_begin_ - sizeof(length), &length, sizeof(length));
}

std::string_view Journal::value_at(size_t begin) const {
    std::uint32_t length = 0;
    std::memcpy(&length, octets_.data() + begin - sizeof(length), sizeof(length));
    return {octets_.data() + begin, length};
}

std::uint64_t Journal::Reader::number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        ASSERT(!octets_.empty());
        const auto octet = static_cast<unsigned char>(octets_.front());
        octets_.remove_prefix(1);
        value |= static_cast<std::uint64_t>(octet & 0x7F) << shift;
        if (octet < 0x80) return value;
    }
}

std::optional<Journal::Entry> Journal::Reader::next() {
    if (octets_.empty()) return std::nullopt;
    const unsigned first = static_cast<unsigned char>(octets_.front());
    octets_.remove_prefix(1);
    Entry entry{static_cast<Kind>(first & ((1U << kind_bits) - 1)), 0, {}, {}};
    if (entry.kind == Kind::field) {
        std::uint32_t length = 0;
        ASSERT(octets_.size() >= sizeof(length));
        std::memcpy(&length, octets_.data(), sizeof(length));
        octets_.remove_prefix(sizeof(length));
        entry.detail = first >> kind_bits;
        entry.value = octets_.substr(0, length);
        octets_.remove_prefix(length);
        return entry;
    }
    if ((first & offset_moved) != 0) last_.offset += number();
    if ((first & lines_moved) != 0) last_.lines += number();
    entry.detail = first >> shape_shift;
    entry.place = last_;
    return entry;
}

}  // namespace heliopost::mime
