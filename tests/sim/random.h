// Random: the simulator's numbers. One seed gives as many independent streams as are asked for, the same on
// any machine: what one part draws does not depend on what another one has drawn, so that a fault can be left
// out of a failing run without changing the others.
#pragma once

#include <chrono>
#include <cstdint>

namespace heliopost::sim {

class Random {
public:
    explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : state_(seed) {
        state_ = next() ^ (stream * 0x9E3779B97F4A7C15U);
        next();
    }

    std::uint64_t next() {  // splitmix64
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }
    std::uint64_t below(std::uint64_t end) { return next() % end; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    std::chrono::microseconds up_to(std::chrono::microseconds most) {
        return std::chrono::microseconds(below(static_cast<std::uint64_t>(most.count()) + 1));
    }

private:
    std::uint64_t state_;
};

}  // namespace heliopost::sim
