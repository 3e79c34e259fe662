// Pace: so many octets a second, over any stretch of time longer than one read.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace heliopost::store {

class Pace {
public:
    explicit Pace(std::uint64_t octets_a_second)
        : octets_a_second_(std::max<std::uint64_t>(octets_a_second, 1)) {}

    // Octets were read just now: when the next may be. What was not read in time is not made up for.
    Instant after(Instant now, std::uint64_t octets) {
        const auto wait = static_cast<std::int64_t>(static_cast<double>(octets) * 1e6 /
                                                    static_cast<double>(octets_a_second_));
        free_ = std::max(free_, now) + std::chrono::microseconds(wait);
        return free_;
    }

private:
    std::uint64_t octets_a_second_;
    Instant free_;
};

}  // namespace heliopost::store
