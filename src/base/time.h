// Time of day and time that passes. Nothing here reads a clock: net::World does.
#pragma once

#include <chrono>
#include <string>

namespace heliopost {

// Time of day, UTC, to the millisecond. May jump when the clock is set.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// Time that only grows, for deadlines and durations; its zero means nothing.
struct Monotonic {
    using duration = std::chrono::microseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<Monotonic>;
    static constexpr bool is_steady = true;
};
using Instant = Monotonic::time_point;

// Every wait ends at one: style rule 17.
using Deadline = Instant;

std::string to_rfc3339(Time time);  // 2026-11-23T08:15:30.123Z

constexpr std::int64_t unix_milliseconds(Time time) {
    return time.time_since_epoch().count();
}
constexpr Time from_unix_milliseconds(std::int64_t value) {
    return Time(std::chrono::milliseconds(value));
}

}  // namespace heliopost
