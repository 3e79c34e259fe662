// What goes past a limit of this folder that no other test names.
#include <doctest/doctest.h>

#include "store/bus.h"
#include "store/check.h"
#include "store/counter_cache.h"
#include "store/test_world.h"

namespace heliopost::store {

TEST_CASE("limits: problems past check_problems_max are counted, not told") {
    CheckReport report;
    for (std::size_t i = 0; i < check_problems_max + 7; ++i) report.add(Harm::room, "here", "what");
    CHECK(report.problems.size() == check_problems_max);
    CHECK(report.problem_count == check_problems_max + 7);
}

TEST_CASE("limits: counters past two generations are forgotten, those in use are not") {
    CounterCache cache;
    const auto name = [](std::size_t i) { return "counter " + std::to_string(i); };
    for (std::size_t i = 0; i < CounterCache::generation_counters_max; ++i) cache.add(name(i), i);
    cache.forget_some();
    REQUIRE(cache.find(name(1)) != nullptr);  // used: it lives on in the young generation
    for (std::size_t i = 0; i < CounterCache::generation_counters_max; ++i) cache.add("b" + name(i), i);
    cache.forget_some();
    CHECK(cache.find(name(2)) == nullptr);
    REQUIRE(cache.find(name(1)) != nullptr);
    CHECK(cache.find(name(1))->value == 1);
}

TEST_CASE("limits: notices past notices_waiting_max are merged into the last, and none is lost") {
    TestWorld world;
    Bus bus;
    const PartitionId partition = account_partition(AccountId(7));
    std::vector<Notice> heard;
    const auto subscription =
        bus.subscribe(partition, world, [&](Notice notice) { heard.push_back(notice); });
    const std::uint64_t last = 3 * notices_waiting_max;
    for (std::uint64_t i = 1; i <= last; ++i) bus.publish({partition, ModSequence(i), 1});
    bus.publish({partition, ModSequence(last + 1), 2});
    world.loop.restart();
    world.loop.run();
    REQUIRE(heard.size() == notices_waiting_max);
    CHECK(heard.back().mod_sequence == ModSequence(last + 1));
    CHECK(heard.back().kinds == 3);
}

}  // namespace heliopost::store
