// Pace: counts the work of a task that waits for nothing, so that the other tasks of the loop have their
// turns.
//
//   if (pace.is_due(octets)) co_await pace.rest();
//
// One loop. rest() throws Stopped.
#pragma once

#include <cstdint>

#include "net/task.h"
#include "net/world.h"

namespace heliopost::net {

class Pace {
public:
    // turn_steps: work of about a millisecond, in the caller's measure.
    Pace(World& world, std::uint64_t turn_steps) : world_(world), turn_steps_(turn_steps) {}

    // Counts what is about to be done, or was.
    bool is_due(std::uint64_t steps) { return (done_ += steps) >= turn_steps_; }
    Task<void> rest() {
        done_ = 0;
        return world_.sleep_until(world_.tick());
    }

private:
    World& world_;
    const std::uint64_t turn_steps_;
    std::uint64_t done_ = 0;
};

}  // namespace heliopost::net
