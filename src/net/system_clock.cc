#include "net/system_clock.h"

#include <chrono>

namespace heliopost::net {

Time system_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Instant system_tick() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return Instant(std::chrono::floor<std::chrono::microseconds>(since));
}

}  // namespace heliopost::net
