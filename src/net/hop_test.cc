#include "net/hop.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "net/event.h"
#include "net/test_loop.h"
#include "net/wait.h"

namespace heliopost::net {
namespace {

using namespace std::chrono_literals;

constexpr int hops = 300;

// A second loop with a thread of its own, as the account's home is for a connection.
struct OtherLoop {
    TestLog log;
    std::shared_ptr<Pool> pool = std::make_shared<Pool>(1);
    SystemWorld world{log.log, pool};
    Event never{world};
    std::thread thread{[this] { world.run(); }};

    ~OtherLoop() {
        world.stop();
        thread.join();
    }
};

Task<std::string> whose_thread(std::string text) {
    co_return text + (co_await is_stopped() ? " stopped" : "");
}

Task<std::thread::id> thread_of(World* world) {
    co_await next_turn(world);
    co_return std::this_thread::get_id();
}

Task<int> refuse() {
    throw std::runtime_error("refused there");
    co_return 0;
}

Task<bool> wait_there(OtherLoop* other, World* here, Event* arrived) {
    here->post([arrived] { arrived->set(); });
    co_return co_await other->never.wait(Deadline::max());
}

Task<void> look_about(OtherLoop* other, SystemWorld* here) {
    const auto mine = std::this_thread::get_id();
    const auto there = co_await run_on(&other->world, thread_of(&other->world));
    CHECK(there == other->thread.get_id());
    CHECK(std::this_thread::get_id() == mine);
    CHECK(co_await run_on(here, thread_of(here)) == mine);
    CHECK(co_await run_on(&other->world, whose_thread("text")) == "text");
    CHECK_THROWS_WITH((void)co_await run_on(&other->world, refuse()), "refused there");
}

Task<void> stay(OtherLoop* other, World* here, Event* arrived, int* stopped) {
    try {
        co_await run_on(&other->world, wait_there(other, here, arrived));
    } catch (const Stopped&) {
        ++*stopped;
        throw;
    }
}

Task<void> hop_after_stop(OtherLoop* other, Event* at, int* stopped) {
    try {
        co_await at->wait(Deadline::max());
    } catch (const Stopped&) {
        ++*stopped;
    }
    CHECK_THROWS_AS((void)co_await run_on(&other->world, whose_thread("never")), Stopped);
}

Task<int> sleep_a_little(World* world, int number) {
    co_await world->sleep_until(world->after(std::chrono::microseconds(number * 7 % 1000)));
    co_return number;
}

struct Landings {
    Event enough;
    int wanted = 0;
    int landed = 0;
    int ended = 0;
};

Task<void> hop_for_ever(OtherLoop* other, Landings* landings) {
    try {
        for (int i = 0;; ++i) {
            const int number = co_await run_on(&other->world, sleep_a_little(&other->world, i));
            CHECK(number == i);
            if (++landings->landed == landings->wanted) landings->enough.set();
        }
    } catch (const Stopped&) {
        ++landings->ended;
    }
}

Task<void> stop_once_set(TaskGroup* group, World* world, Event* event) {
    CHECK(co_await event->wait(world->after(10s)));
    group->stop();
    CHECK(co_await group->join(world->after(10s)));
}

}  // namespace

TEST_CASE("hop: the task runs on the other loop, its result and exception come back to this one") {
    OtherLoop other;
    TestLoop loop;
    loop.run(look_about(&other, &loop.world));
}

TEST_CASE("hop: a stop here ends the wait there, and a stopped caller starts nothing") {
    OtherLoop other;
    TestLoop loop;
    Event arrived(loop.world), never(loop.world);
    int stopped = 0;
    TaskGroup group(loop.world, "hops");
    group.spawn(hop_after_stop(&other, &never, &stopped));
    group.spawn(stay(&other, &loop.world, &arrived, &stopped));
    loop.run(stop_once_set(&group, &loop.world, &arrived));
    CHECK(stopped == 2);
}

TEST_CASE("hop: stops that cross the end of the task, three hundred callers") {
    for (int round = 0; round < 5; ++round) {
        OtherLoop other;
        TestLoop loop;
        Landings landings{Event(loop.world), 1 + 100 * round};
        TaskGroup group(loop.world, "hops");
        for (int i = 0; i < hops; ++i) group.spawn(hop_for_ever(&other, &landings));
        loop.run(stop_once_set(&group, &loop.world, &landings.enough));
        CHECK(landings.ended == hops);
    }
}

}  // namespace heliopost::net
