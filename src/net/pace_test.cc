#include "net/pace.h"

#include <doctest/doctest.h>

#include <string>

#include "net/memory_world.h"
#include "net/task_group.h"

namespace heliopost::net {
namespace {

struct Paced {
    MemoryNetwork network{1};
    MemoryWorld* world = &network.add_host("a.example", {"192.0.2.1"});
    TaskGroup tasks{*world, "tasks"};
    std::string order;

    static Task<void> work(Paced* with, char name, int pieces, std::uint64_t steps) {
        Pace pace(*with->world, 10);
        for (int i = 0; i < pieces; ++i) {
            with->order += name;
            if (pace.is_due(steps)) co_await pace.rest();
        }
    }
    void finish() {
        network.run_until([this] { return tasks.size() == 0; }, std::chrono::minutes(1));
    }
};

}  // namespace

TEST_CASE_FIXTURE(Paced, "pace: others have their turns whenever the steps of a turn are done") {
    tasks.spawn(work(this, 'a', 6, 5));
    tasks.spawn(work(this, 'b', 3, 10));
    finish();
    CHECK(order == "aabaabaab");
}

TEST_CASE_FIXTURE(Paced, "pace: a piece larger than a turn is one turn, and what is small goes on") {
    tasks.spawn(work(this, 'a', 2, 1'000));
    tasks.spawn(work(this, 'b', 9, 1));
    finish();
    CHECK(order == "abbbbbbbbba");
}

TEST_CASE_FIXTURE(Paced, "pace: a rest ends on stop") {
    tasks.spawn(work(this, 'a', 1'000'000, 10));
    tasks.spawn([](Paced* with) -> Task<void> {
        with->tasks.stop();
        co_return;
    }(this));
    finish();
    CHECK(tasks.size() == 0);
    CHECK(order.size() < 10);
}

}  // namespace heliopost::net
