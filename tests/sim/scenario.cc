#include "sim/scenario.h"

#include <algorithm>

#include "sim/random.h"

namespace heliopost::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t scenario_stream = 1, faults_stream = 2'000;
constexpr std::chrono::microseconds step_time = 8s;
constexpr int steps_min = 12, steps_more = 20;
constexpr int operations_min = 8, operations_more = 14;
constexpr std::size_t faults_max = 9;

std::chrono::microseconds duration_of(FaultKind kind, Random& random) {
    switch (kind) {
        case FaultKind::crash:
        case FaultKind::dark:
        case FaultKind::disk_error:
            return random.up_to(random.one_in(4) ? 20min : 20s);
        case FaultKind::partition:
        case FaultKind::dns_failing:
        case FaultKind::dns_slow:
        case FaultKind::dns_change:
            return random.up_to(random.one_in(4) ? 5h : 2min);
        default:
            return random.up_to(90s);
    }
}

}  // namespace

std::string to_string(const Fault& fault) {
    static constexpr std::string_view names[fault_kinds] = {
        "cut",        "mute",      "partition",   "drip",     "crash",      "dark", "disk full",
        "disk error", "disk slow", "dns failing", "dns slow", "dns change", "clock"};
    const auto seconds = [](std::chrono::microseconds time) {
        return std::to_string(time.count() / 1'000'000);
    };
    return std::string(names[static_cast<std::size_t>(fault.kind)]) + " of server " +
           std::to_string(fault.server) + " at " + seconds(fault.at) + " s for " + seconds(fault.lasts) +
           " s";
}

bool Scenario::has(FaultKind kind) const {
    return std::ranges::any_of(faults, [kind](const Fault& fault) { return fault.kind == kind; });
}

Scenario make_scenario(const Wish& wish) {
    Random random(wish.seed, scenario_stream);
    Scenario made;
    made.seed = wish.seed;
    made.traced = wish.traced;
    made.domains = {"a.example", "b.example"};
    if (random.one_in(4)) made.domains.emplace_back("c.example");
    made.smart_host = made.domains.size() == 2 && random.one_in(5);
    made.slow_reads = random.one_in(2);
    made.delay_max = random.one_in(3) ? 200ms : 30ms;
    made.steps = steps_min + static_cast<int>(random.below(steps_more));
    made.operations = operations_min + static_cast<int>(random.below(operations_more));
    if (wish.steps != 0) {
        made.steps = wish.steps;
        made.operations = std::min(made.operations, wish.steps);
    }
    made.lasts = made.steps * step_time;
    // Some seeds have no fault at all: what is wrong there is wrong in fair weather.
    const std::size_t count = random.below(faults_max + 1);
    for (std::size_t i = 0; i < count; ++i) {
        Random of_fault(wish.seed, faults_stream + i);
        Fault fault;
        fault.kind = static_cast<FaultKind>(of_fault.below(fault_kinds));
        // A jump of the clock changes what the whole run is about: not in every other seed.
        if (fault.kind == FaultKind::clock && !of_fault.one_in(3)) fault.kind = FaultKind::crash;
        fault.at = of_fault.up_to(made.lasts);
        fault.lasts = duration_of(fault.kind, of_fault);
        fault.server = of_fault.below(made.domains.size());
        fault.number = of_fault.next();
        if (!wish.without.contains(i)) made.faults.push_back(fault);
    }
    return made;
}

}  // namespace heliopost::sim
