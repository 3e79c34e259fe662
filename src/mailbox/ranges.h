// Ranges of UIDs as records keep them: ascending, disjoint, each number a difference.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "proto/imap/sequence_set.h"

namespace heliopost::mailbox {

using Ranges = std::vector<imap::NumberRange>;

// What a scattered slice of slice_rows UIDs may come to, and far below store::value_octets_max.
inline constexpr std::size_t slice_rows = 20'000;  // architecture.md §5, Bulk

// Collects rows in order of UID: neighbours among the rows join into one range, even where the
// UIDs between them are long gone.
class RangeBuilder {
public:
    void take(Uid uid) {
        if (joined_) {
            ranges_.back().last = uid.value;
        } else {
            ranges_.push_back({uid.value, uid.value});
        }
        joined_ = true;
    }
    void skip() { joined_ = false; }
    const Ranges& ranges() const { return ranges_; }

private:
    Ranges ranges_;
    bool joined_ = false;
};

template <class Repeated>
void pack(const Ranges& ranges, Repeated* out) {
    std::uint32_t before = 0;
    for (const auto& [first, last] : ranges) {
        out->Add(first - before);
        out->Add(last - first);
        before = last;
    }
}

// Fails with Fault::internal unless the ranges ascend from 1 on.
template <class Repeated>
Result<Ranges> unpack(const Repeated& packed) {
    Ranges ranges;
    if (packed.size() % 2 != 0) return fail(Fault::internal, "a record's UID ranges are broken");
    ranges.reserve(static_cast<std::size_t>(packed.size()) / 2);
    std::uint64_t before = 0;
    for (int i = 0; i < packed.size(); i += 2) {
        const std::uint64_t first = before + packed[i];
        const std::uint64_t last = first + packed[i + 1];
        if (first == before || last > UINT32_MAX)
            return fail(Fault::internal, "a record's UID ranges are broken");
        ranges.push_back({static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)});
        before = last;
    }
    return ranges;
}

}  // namespace heliopost::mailbox
