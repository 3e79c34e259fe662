// Tuple: builds keys and values octet by octet, with holes that the committer fills.
//
//   Tuple().u8(kind).u32(mailbox.value).slot(uid)      a key whose last part is a UID not yet known
//
// Keys made of these parts sort as their values do (docs/format.md): numbers big-endian, text with
// its NULs escaped and a terminator. A hole is a Slot of the same Batch; it is 8 octets big-endian
// (slot), 4 octets (slot32), or a protobuf fixed64 field that is appended to a serialised message (field).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace heliopost::store {

// A value that the committer assigns: an index into the batch's slots.
struct Slot {
    std::uint32_t index = 0;
    bool operator==(const Slot&) const = default;
};

struct Hole {
    enum class Form : std::uint8_t { big_endian_64, big_endian_32, little_endian_64 };
    std::uint32_t offset = 0;
    Slot slot;
    std::uint32_t plus = 0;  // added to the slot's value: the n-th UID of a range
    Form form = Form::big_endian_64;
};

class Tuple {
public:
    Tuple() = default;
    Tuple(std::string octets) : octets_(std::move(octets)) {}  // NOLINT: a plain key is a tuple

    Tuple& u8(std::uint8_t value);
    Tuple& u32(std::uint32_t value);
    Tuple& u64(std::uint64_t value);
    Tuple& text(std::string_view value);    // NUL -> 00 FF, end 00 00: sorts as the text does
    Tuple& octets(std::string_view value);  // as is: last in a key only, or of fixed length
    Tuple& slot(Slot value, std::uint32_t plus = 0);
    Tuple& slot32(Slot value, std::uint32_t plus = 0);
    Tuple& field(int number, Slot value, std::uint32_t plus = 0);

    bool has_holes() const { return !holes_.empty(); }
    const std::vector<Hole>& holes() const { return holes_; }
    const std::string& str() const { return octets_; }
    operator std::string() const&;  // NOLINT: asserts that there is no hole
    operator std::string() &&;      // NOLINT

    // The octets with every hole filled from values.
    std::string filled(const std::vector<std::uint64_t>& values) const;
    void fill(const std::vector<std::uint64_t>& values);  // the same in place, for the engines

private:
    std::string octets_;
    std::vector<Hole> holes_;
};

// Reads a key back, part by part. Fails with Fault::internal: a key is never a peer's.
class TupleReader {
public:
    explicit TupleReader(std::string_view key) : rest_(key) {}
    Result<std::uint8_t> u8();
    Result<std::uint32_t> u32();
    Result<std::uint64_t> u64();
    Result<std::string> text();
    std::string_view rest() const { return rest_; }
    bool done() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

// The first key after all keys that begin with prefix; empty when there is none.
std::string after_prefix(std::string_view prefix);

}  // namespace heliopost::store
