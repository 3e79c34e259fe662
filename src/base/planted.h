// planted(): the bugs that the simulator must find, each beside the code that it would be a bug of.
//
// In every build but the target sim_planted it is false at compile time, and nothing is left of it. There,
// --planted NAME switches one bug on: tests/sim/mutations shows that each is found. A negative control
// (docs/reliability.md), never a way to configure anything.
#pragma once

#include <string_view>

namespace heliopost {

#ifdef HELIOPOST_PLANTS
inline std::string_view planted_bug;  // set once, before anything runs
inline bool planted(std::string_view name) {
    return planted_bug == name;
}
#else
constexpr bool planted(std::string_view /*name*/) {
    return false;
}
#endif

}  // namespace heliopost
