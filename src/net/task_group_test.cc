#include "net/task_group.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "net/event.h"
#include "net/memory_world.h"
#include "net/notify.h"
#include "net/test_loop.h"
#include "net/timer_heap.h"
#include "net/wait.h"

using namespace std::chrono_literals;

namespace heliopost::net {
namespace {

struct Host {
    MemoryNetwork network{1};
    MemoryWorld& world = network.add_host("a", {"192.0.2.1"});
};

Task<void> wait_and_note(Event* event, Deadline deadline, std::string* trace) {
    try {
        const bool set = co_await event->wait(deadline);
        *trace += set ? "s" : "d";
    } catch (const Stopped&) {
        *trace += "x";
    }
}

Task<void> fail_with(std::string what) {
    throw std::runtime_error(what);
    co_return;
}

Task<void> fail_gone() {
    throw Gone("as expected");
    co_return;
}

}  // namespace

TEST_CASE("events: set wakes all who wait and stays set until cleared") {
    Host host;
    Event event(host.world);
    std::string trace;
    TaskGroup group(host.world, "waiters");
    for (int i = 0; i < 3; ++i) group.spawn(wait_and_note(&event, host.world.after(1s), &trace));
    host.network.run_for(10ms);
    CHECK(trace.empty());
    event.set();
    host.network.run_for(10ms);
    CHECK(trace == "sss");
    group.spawn(wait_and_note(&event, host.world.after(1s), &trace));
    host.network.run_for(10ms);
    CHECK(trace == "ssss");
    event.clear();
    group.spawn(wait_and_note(&event, host.world.after(1s), &trace));
    host.network.run_for(2s);
    CHECK(trace == "ssssd");
    CHECK(host.world.timers() == 0);
}

TEST_CASE("task group: unexpected exceptions are logged, expected ones are not; the others go on") {
    Host host;
    Event event(host.world);
    std::string trace;
    TaskGroup group(host.world, "mixed");
    group.spawn(fail_with("broken\nline"));
    group.spawn(fail_gone());
    group.spawn(wait_and_note(&event, Deadline::max(), &trace));
    host.network.run_for(10ms);
    CHECK(group.size() == 1);
    REQUIRE(host.world.log_lines().size() == 1);
    CHECK(host.world.log_lines()[0].find("event=task.failed group=mixed reason=\"broken\\nline\"") !=
          std::string::npos);
    group.stop();
    group.stop();
    host.network.run_for(10ms);
    CHECK(trace == "x");
    CHECK(group.stopping());
    CHECK(group.size() == 0);
}

namespace {

// Waits again after it was stopped: each wait ends at once.
Task<void> stubborn(World* world, int* stops) {
    for (int i = 0; i < 3; ++i) {
        try {
            co_await world->sleep_until(world->after(1h));
        } catch (const Stopped&) {
            ++*stops;
        }
    }
}

Task<void> stop_self(TaskGroup* group, World* world, std::string* trace) {
    group->stop();
    *trace += "a";
    co_await world->sleep_until(world->after(1h));
    *trace += "never";
}

Task<void> join_and_note(TaskGroup* group, Deadline deadline, std::string* trace) {
    const bool ended = co_await group->join(deadline);
    *trace += ended ? "joined" : "late";
}

}  // namespace

TEST_CASE("task group: a stop lasts, holds for the task that stops its own group, and join waits") {
    Host host;
    int stops = 0;
    std::string trace;
    TaskGroup group(host.world, "group");
    TaskGroup joiner(host.world, "joiner");
    group.spawn(stubborn(&host.world, &stops));
    joiner.spawn(join_and_note(&group, host.world.after(10ms), &trace));
    host.network.run_for(20ms);
    CHECK(trace == "late");
    joiner.spawn(join_and_note(&group, host.world.after(1h), &trace));
    group.spawn(stop_self(&group, &host.world, &trace));
    host.network.run_for(20ms);
    CHECK(trace == "lateajoined");
    CHECK(stops == 3);
    CHECK(host.world.timers() == 0);
}

TEST_CASE("a stopped task that was not yet started is destroyed unstarted") {
    Host host;
    std::string trace;
    Event set(host.world);
    set.set();
    TaskGroup group(host.world, "group");
    group.spawn(wait_and_note(&set, Deadline::max(), &trace));
    group.stop();
    host.network.run_for(1ms);
    CHECK(trace.empty());
    CHECK(group.size() == 0);
}

TEST_CASE("timers: in the order of time and adding; a thousand cancelled ones leave no trace") {
    std::uint64_t counter = 0;
    TimerHeap heap(&counter);
    std::string trace;
    const auto at = [](int second) { return Instant(std::chrono::seconds(second)); };
    heap.add(at(2), [&] { trace += "c"; });
    heap.add(at(1), [&] { trace += "a"; });
    heap.add(at(1), [&] { trace += "b"; });
    for (int i = 0; i < 1000; ++i) heap.cancel(heap.add(at(i % 7), [&] { trace += "x"; }));
    const auto last = heap.add(at(9), [&] { trace += "y"; });
    heap.cancel(last);
    heap.cancel(last);
    heap.cancel(0);
    while (heap.first()) heap.take_first()();
    CHECK(trace == "abc");
    CHECK(heap.size() == 0);
}

TEST_CASE("pool: past its limit it refuses, and does what it took") {
    std::atomic<size_t> done = 0;
    size_t taken = 0;
    {
        Pool pool(1);
        std::promise<void> end;
        pool.run([ended = end.get_future().share()] { ended.wait(); });
        try {
            for (;;) {
                pool.run([&done] { ++done; });
                ++taken;
            }
        } catch (const Overloaded&) {
        }
        end.set_value();
    }
    CHECK(taken >= Pool::pool_jobs_max - 1);
    CHECK(taken <= Pool::pool_jobs_max);
    CHECK(done == taken);
}

TEST_CASE("systemd is notified through a path or an abstract socket") {
    const TestFolder folder;
    for (const std::string& name : {folder.path("notify"), "@heliopost-test-" + std::to_string(getpid())}) {
        CAPTURE(name);
        const int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path, sizeof address.sun_path - 1);
        if (name.front() == '@') address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        REQUIRE(bind(receiver, reinterpret_cast<const sockaddr*>(&address), size) == 0);
        CHECK(notify_systemd(name, "READY=1\nSTATUS=ready"));
        char buffer[100];
        const ssize_t count = recv(receiver, buffer, sizeof buffer, MSG_DONTWAIT);
        REQUIRE(count > 0);
        CHECK(std::string_view(buffer, static_cast<size_t>(count)) == "READY=1\nSTATUS=ready");
        ::close(receiver);
    }
    CHECK_FALSE(notify_systemd("", "READY=1"));
    CHECK_FALSE(notify_systemd(folder.path("none"), "READY=1"));
}

}  // namespace heliopost::net
