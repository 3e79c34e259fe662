// Runs of the simulator: one seed, many in several processes, the least of one that fails.
#pragma once

#include <cstdint>

#include "sim/scenario.h"

namespace heliopost::sim {

struct Range {
    std::uint64_t from = 0, to = 0;  // both included; to 0: none
};
inline constexpr Range nightly{1, 10'000};

// Each gives the exit code: 0 where nothing was found.
int run_one(const Wish& wish, bool twice, bool with_log);
int run_many(Range range, int jobs);
int shrink(Wish wish);

}  // namespace heliopost::sim
