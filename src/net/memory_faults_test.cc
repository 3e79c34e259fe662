// What the simulator does to a MemoryNetwork: half-open connections, slow drips, pauses, clocks.
#include <doctest/doctest.h>

#include "net/memory_world.h"
#include "net/task_group.h"

using namespace std::chrono_literals;

namespace heliopost::net {
namespace {

const Endpoint faulty_at = {.address = boost::asio::ip::make_address("192.0.2.2"), .port = 25};

// One host says "hello" to another, octet by octet as they come.
struct Greeting {
    MemoryNetwork network{1};
    MemoryWorld& from = network.add_host("a", {"192.0.2.1"});
    MemoryWorld& to = network.add_host("b", {"192.0.2.2"});
    std::unique_ptr<Listener> listener = std::move(*to.listen(faulty_at, {}));
    TaskGroup tasks{to, "greeting"};
    std::unique_ptr<Stream> dialled;
    std::vector<std::string> heard;
    std::string end;

    ~Greeting() {
        tasks.stop();
        network.finish_turns();
    }
};

Task<void> hear(Greeting* greeting) {
    const std::unique_ptr<Stream> stream = co_await greeting->listener->accept();
    char buffer[100];
    try {
        for (;;) {
            const size_t count = co_await stream->read_some(buffer, greeting->to.after(10s));
            if (count == 0) co_return;
            greeting->heard.emplace_back(buffer, count);
        }
    } catch (const TimedOut&) {
        greeting->end = "timed out";
    }
}

Task<void> begin_greeting(Greeting* greeting) {
    greeting->dialled = co_await greeting->from.dial(faulty_at, {}, greeting->from.after(1s));
}

Task<void> say(Greeting* greeting) {
    co_await greeting->dialled->write("hello", greeting->from.after(1s));
}

// The other way: what is dialled to writes.
Task<void> answer(Greeting* greeting) {
    const std::unique_ptr<Stream> stream = co_await greeting->listener->accept();
    try {
        co_await stream->write("hello", greeting->to.after(1s));
        greeting->end = "written";
    } catch (const TimedOut&) {
        greeting->end = "timed out";
    }
    co_await greeting->to.sleep_until(greeting->to.after(10s));
}

Task<void> hear_answer(Greeting* greeting) {
    char buffer[100];
    while (greeting->heard.size() < 3) {
        const size_t count = co_await greeting->dialled->read_some(buffer, greeting->from.after(1s));
        greeting->heard.emplace_back(buffer, count);
    }
}

}  // namespace

TEST_CASE("memory network: in a narrow window a writer waits for the reader") {
    for (const bool read : {false, true}) {
        Greeting greeting;
        greeting.network.set_room([](const MemoryLink&) { return 2; });
        greeting.tasks.spawn(answer(&greeting));
        greeting.network.run(greeting.from, begin_greeting(&greeting));
        if (read) greeting.network.run(greeting.from, hear_answer(&greeting));
        greeting.network.run_for(2s);
        CHECK(greeting.end == (read ? "written" : "timed out"));
        if (read) CHECK(greeting.heard == std::vector<std::string>{"he", "ll", "o"});
    }
}

TEST_CASE("memory network: a muted connection carries nothing, and nobody is told") {
    Greeting greeting;
    greeting.tasks.spawn(hear(&greeting));
    greeting.network.run(greeting.from, begin_greeting(&greeting));
    REQUIRE(greeting.network.links().size() == 1);
    greeting.network.mute(greeting.network.links().front().id);
    CHECK_NOTHROW(greeting.network.run(greeting.from, say(&greeting)));
    greeting.network.run_for(1min);
    CHECK(greeting.heard.empty());
    CHECK(greeting.end == "timed out");
}

TEST_CASE("memory network: a drip comes in pieces, each with its own delay") {
    Greeting greeting;
    greeting.network.set_piece([](const MemoryLink&) { return 2; });
    std::chrono::microseconds delay{0};
    greeting.network.set_delay([&](const MemoryLink&) { return delay += 1ms; });
    greeting.tasks.spawn(hear(&greeting));
    greeting.network.run(greeting.from, begin_greeting(&greeting));
    greeting.network.run(greeting.from, say(&greeting));
    greeting.network.run_for(1s);
    CHECK(greeting.heard == std::vector<std::string>{"he", "ll", "o"});
}

TEST_CASE("memory network: a pause stops between two turns, and what follows runs on") {
    Greeting greeting;
    int turns = 0;
    for (int i = 0; i < 10; ++i) greeting.from.post([&turns] { ++turns; });
    greeting.network.pause_after(4);
    greeting.network.run_for(1min);
    CHECK(turns == 4);
    CHECK(greeting.network.take_pause());
    CHECK_FALSE(greeting.network.take_pause());
    greeting.network.run_for(1min);
    CHECK(turns == 10);

    greeting.from.post([&] { greeting.network.pause(); });
    greeting.from.post([&turns] { ++turns; });
    greeting.network.run_for(1min);
    CHECK(turns == 10);
    greeting.network.finish_turns();
    CHECK(turns == 11);
    CHECK(greeting.network.take_pause());
}

TEST_CASE("memory world: a clock that is set jumps, time that passes does not, a restart keeps it") {
    Greeting greeting;
    const Time before = greeting.from.now();
    const Instant tick = greeting.from.tick();
    greeting.from.set_clock(std::chrono::days(30));
    CHECK(greeting.from.now() == before + std::chrono::days(30));
    CHECK(greeting.from.tick() == tick);
    CHECK(greeting.to.now() == before);
    greeting.from.crash();
    greeting.network.finish_turns();
    CHECK(greeting.network.restart(greeting.from).now() == before + std::chrono::days(30));
}

}  // namespace heliopost::net
