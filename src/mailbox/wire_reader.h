// WireReader: the fields of a protobuf record one after the other, where they stand: for the few paths on
// which a parsed copy of the record would cost more than the work. Internal to mailbox/.
//
// It takes varints and strings of octets, and passes over fixed numbers; groups, which our records do not
// have, and octets that end too early make it broken. The octets must outlive it.
#pragma once

#include <cstdint>
#include <string_view>

namespace heliopost::mailbox {

class WireReader {
public:
    explicit WireReader(std::string_view octets) : rest_(octets) {}

    // Goes to the next field; false at the end, and where the record is broken.
    bool next() {
        if (rest_.empty()) return false;
        const std::uint64_t tag = take_varint();
        field_ = static_cast<std::uint32_t>(tag >> 3);
        is_octets_ = (tag & 7) == octets_type;
        switch (tag & 7) {
            case varint_type:
                number_ = take_varint();
                break;
            case fixed64_type:
                take(8);
                break;
            case octets_type:
                octets_ = take(take_varint());
                break;
            case fixed32_type:
                take(4);
                break;
            default:
                broken_ = true;
        }
        return !broken_;
    }

    // Goes to the next field of this number that is a string of octets.
    bool next_octets(std::uint32_t field) {
        while (next())
            if (is_octets_ && field_ == field) return true;
        return false;
    }

    std::uint32_t field() const { return field_; }
    bool is_octets() const { return is_octets_; }
    std::string_view octets() const { return octets_; }  // where is_octets()
    std::uint64_t number() const { return number_; }     // where not
    bool broken() const { return broken_; }

private:
    static constexpr unsigned varint_type = 0, fixed64_type = 1, octets_type = 2, fixed32_type = 5;

    std::uint64_t take_varint() {
        constexpr unsigned shift_max = 63;
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift <= shift_max && !rest_.empty(); shift += 7) {
            const auto octet = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{octet & 0x7fU} << shift;
            if (octet < 0x80) return value;
        }
        broken_ = true;
        return 0;
    }
    std::string_view take(std::uint64_t count) {
        if (count > rest_.size()) {
            broken_ = true;
            return {};
        }
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    std::string_view rest_;
    std::string_view octets_;
    std::uint64_t number_ = 0;
    std::uint32_t field_ = 0;
    bool is_octets_ = false;
    bool broken_ = false;
};

}  // namespace heliopost::mailbox
