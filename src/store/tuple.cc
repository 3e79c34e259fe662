#include "store/tuple.h"

#include "base/assert.h"

namespace heliopost::store {
namespace {

template <class Int>
void append_big_endian(std::string& out, Int value) {
    for (size_t shift = sizeof(Int) * 8; shift > 0; shift -= 8)
        out += static_cast<char>(static_cast<unsigned char>(value >> (shift - 8)));
}

template <class Int>
Result<Int> take_big_endian(std::string_view& rest) {
    if (rest.size() < sizeof(Int)) return fail(Fault::internal, "a key in the store is cut short");
    Int value = 0;
    for (size_t i = 0; i < sizeof(Int); ++i)
        value = static_cast<Int>((value << 8) | static_cast<unsigned char>(rest[i]));
    rest.remove_prefix(sizeof(Int));
    return value;
}

void fill_hole(std::string& octets, const Hole& hole, const std::vector<std::uint64_t>& values) {
    const std::uint64_t value = values.at(hole.slot.index) + hole.plus;
    const size_t width = hole.form == Hole::Form::big_endian_32 ? 4 : 8;
    ASSERT(width == 8 || value <= UINT32_MAX);
    for (size_t i = 0; i < width; ++i) {
        const size_t shift = hole.form == Hole::Form::little_endian_64 ? i * 8 : (width - 1 - i) * 8;
        octets[hole.offset + i] = static_cast<char>(static_cast<unsigned char>(value >> shift));
    }
}

}  // namespace

Tuple& Tuple::u8(std::uint8_t value) {
    octets_ += static_cast<char>(value);
    return *this;
}

Tuple& Tuple::u32(std::uint32_t value) {
    append_big_endian(octets_, value);
    return *this;
}

Tuple& Tuple::u64(std::uint64_t value) {
    append_big_endian(octets_, value);
    return *this;
}

Tuple& Tuple::text(std::string_view value) {
    for (const char c : value) {
        octets_ += c;
        if (c == '\0') octets_ += '\xff';
    }
    octets_.append(2, '\0');
    return *this;
}

Tuple& Tuple::octets(std::string_view value) {
    octets_ += value;
    return *this;
}

Tuple& Tuple::slot(Slot value, std::uint32_t plus) {
    holes_.push_back({static_cast<std::uint32_t>(octets_.size()), value, plus, Hole::Form::big_endian_64});
    octets_.append(8, '\0');
    return *this;
}

Tuple& Tuple::slot32(Slot value, std::uint32_t plus) {
    holes_.push_back({static_cast<std::uint32_t>(octets_.size()), value, plus, Hole::Form::big_endian_32});
    octets_.append(4, '\0');
    return *this;
}

Tuple& Tuple::field(int number, Slot value, std::uint32_t plus) {
    ASSERT(number >= 1);
    constexpr std::uint32_t wire_type_fixed64 = 1;
    std::uint32_t tag = (static_cast<std::uint32_t>(number) << 3) | wire_type_fixed64;
    for (; tag >= 0x80; tag >>= 7) octets_ += static_cast<char>(static_cast<unsigned char>(tag | 0x80));
    octets_ += static_cast<char>(static_cast<unsigned char>(tag));
    holes_.push_back({static_cast<std::uint32_t>(octets_.size()), value, plus, Hole::Form::little_endian_64});
    octets_.append(8, '\0');
    return *this;
}

Tuple::operator std::string() const& {
    ASSERT(holes_.empty());
    return octets_;
}

Tuple::operator std::string() && {
    ASSERT(holes_.empty());
    return std::move(octets_);
}

std::string Tuple::filled(const std::vector<std::uint64_t>& values) const {
    std::string out = octets_;
    for (const Hole& hole : holes_) fill_hole(out, hole, values);
    return out;
}

void Tuple::fill(const std::vector<std::uint64_t>& values) {
    for (const Hole& hole : holes_) fill_hole(octets_, hole, values);
    holes_.clear();
}

Result<std::uint8_t> TupleReader::u8() {
    return take_big_endian<std::uint8_t>(rest_);
}
Result<std::uint32_t> TupleReader::u32() {
    return take_big_endian<std::uint32_t>(rest_);
}
Result<std::uint64_t> TupleReader::u64() {
    return take_big_endian<std::uint64_t>(rest_);
}

Result<std::string> TupleReader::text() {
    std::string out;
    for (size_t at = 0; at + 1 < rest_.size(); ++at) {
        if (rest_[at] != '\0') {
            out += rest_[at];
            continue;
        }
        const char after = rest_[++at];
        if (after == '\xff') {
            out += '\0';
            continue;
        }
        if (after != '\0') break;
        rest_.remove_prefix(at + 1);
        return out;
    }
    return fail(Fault::internal, "a text in a key of the store has no end");
}

std::string after_prefix(std::string_view prefix) {
    std::string out(prefix);
    while (!out.empty() && out.back() == '\xff') out.pop_back();
    if (!out.empty()) out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
    return out;
}

}  // namespace heliopost::store
