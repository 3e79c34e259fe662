#include "net/system_world.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <system_error>

#include "net/event.h"
#include "net/fd_stream.h"
#include "net/test_echo.h"

namespace heliopost::net {

TEST_CASE("TCP streams: a thousand connections echo") {
    TestLoop loop;
    const Endpoint at = serve_echo(loop);
    int equal = 0;
    loop.run(exchange_many(&loop.world, at, 1000, &equal));
    CHECK(equal == 1000);
}

TEST_CASE("Unix streams echo; the socket has its mode, replaces a stale one, and goes with its listener") {
    const TestFolder folder;
    const Endpoint at{.path = folder.path("lmtp.sock")};
    {
        const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
        const SocketAddress address = to_socket_address(at);
        REQUIRE(bind(stale, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0);
        ::close(stale);
    }
    {
        TestLoop loop;
        serve_echo(loop, at);
        struct stat found{};
        REQUIRE(stat(at.path.c_str(), &found) == 0);
        CHECK((found.st_mode & 0777) == 0660);
        int equal = 0;
        loop.run(exchange_many(&loop.world, at, 10, &equal));
        CHECK(equal == 10);
        const auto second = loop.world.listen(at, {});
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error().text.find("in use") != std::string::npos);
    }
    CHECK_FALSE(std::filesystem::exists(at.path));
}

TEST_CASE("dialling: refused, no such source address, time-out, in use") {
    TestLoop loop;
    Outcome outcome;
    auto listener = std::move(*loop.world.listen(loopback(), {}));
    const Endpoint at = listener->local();
    const auto second = loop.world.listen(at, {.reuse_port = false});
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().fault == Fault::exists);
    listener.reset();
    loop.run(judge(&loop.world, dial_and_close(&loop.world, at, {}), &outcome));
    CHECK(outcome.text == "gone: Connection refused");

    const DialOptions foreign{.source = boost::asio::ip::make_address("192.0.2.7")};
    loop.run(judge(&loop.world, dial_and_close(&loop.world, at, foreign), &outcome));
    CHECK(outcome.text.starts_with("gone: source address 192.0.2.7: "));

    // A full backlog answers nothing more.
    const auto full = std::move(*loop.world.listen(loopback(), {.backlog = 0}));
    for (int i = 0; i < 3 && outcome.text != "timed out"; ++i)
        loop.run(judge(&loop.world, dial_and_close(&loop.world, full->local(), {}), &outcome));
    CHECK(outcome.text == "timed out");
}

TEST_CASE("TCP streams: a deadline ends a read and a write that nobody takes") {
    TestLoop loop;
    const auto silent = std::move(*loop.world.listen(loopback(), {}));
    Outcome outcome;
    loop.run(judge(&loop.world, dial_and_read(&loop.world, silent->local(), 50ms), &outcome));
    CHECK(outcome.text == "timed out");
    CHECK(outcome.took >= 50ms);
    loop.run(judge(&loop.world, dial_and_flood(&loop.world, silent->local(), 50ms), &outcome));
    CHECK(outcome.text == "timed out");
}

namespace {

Task<void> accept_forever(World* world, Listener* listener) {
    for (;;) co_await listener->accept();
    co_await world->sleep_until(Deadline::max());
}

Task<void> sleep_long(World* world) {
    co_await world->sleep_until(world->after(1h));
}

Task<void> wait_long(World* world, Event* event) {
    co_await event->wait(world->after(1h));
}

Task<void> work_long(World* world, std::shared_future<void> end) {
    co_await world->on_pool([end] { end.wait(); });
}

Task<void> stop_all(World* world, TaskGroup* group, size_t* live) {
    co_await world->sleep_until(world->after(50ms));
    *live = group->size();
    group->stop();
    const bool ended = co_await group->join(world->after(5s));
    CHECK(ended);
}

}  // namespace

TEST_CASE("stop ends every kind of wait with Stopped, pool work included") {
    TestLoop loop;
    SystemWorld* const world = &loop.world;
    const auto silent = std::move(*world->listen(loopback(), {}));
    const auto idle = std::move(*world->listen(loopback(), {}));
    Event event(*world);
    std::promise<void> end_of_work;
    std::vector<Outcome> outcomes(6);
    TaskGroup group(*world, "group");
    const std::shared_future<void> end = end_of_work.get_future().share();
    group.spawn(judge(world, dial_and_read(world, silent->local(), 1h), &outcomes[0]));
    group.spawn(judge(world, dial_and_flood(world, silent->local(), 1h), &outcomes[1]));
    group.spawn(judge(world, accept_forever(world, idle.get()), &outcomes[2]));
    group.spawn(judge(world, sleep_long(world), &outcomes[3]));
    group.spawn(judge(world, wait_long(world, &event), &outcomes[4]));
    group.spawn(judge(world, work_long(world, end), &outcomes[5]));
    size_t live = 0;
    loop.run(stop_all(world, &group, &live));
    CHECK(live == 6);
    for (const Outcome& outcome : outcomes) CHECK(outcome.text == "stopped");
    group.spawn(sleep_long(world));
    CHECK(group.size() == 0);
    end_of_work.set_value();
}

namespace {

struct Shutdown {
    std::atomic<int> equal = 0;
    std::promise<void> done;
};

Task<void> client_core(World* world, Endpoint at, Shutdown* shutdown) {
    int equal = 0;
    co_await exchange_many(world, at, 200, &equal);
    const std::string hashed = co_await world->on_pool([] { return std::string("hash"); });
    shutdown->equal = hashed == "hash" ? equal : -1;
    shutdown->done.set_value();
}

Task<void> stop_group(TaskGroup* group, World* world, std::promise<void>* ended) {
    group->stop();
    co_await group->join(world->after(5s));
    ended->set_value();
}

void stop_on(Cores& cores, size_t core, TaskGroup& group, TaskGroup& ending) {
    std::promise<void> ended;
    cores[core].post([&] { ending.spawn(stop_group(&group, &cores[core], &ended)); });
    ended.get_future().wait();
}

}  // namespace

TEST_CASE("cores: two loops with SO_REUSEPORT listeners, a pool, and an orderly stop") {
    const TestLog log;
    Cores cores(2, 2, log.log);
    TaskGroup groups[] = {{cores[0], "core 0"}, {cores[1], "core 1"}};
    TaskGroup ending[] = {{cores[0], "ending 0"}, {cores[1], "ending 1"}};
    const ConnectionLimits limits({.per_address_max = 5000});
    Endpoint at = loopback();
    for (size_t i = 0; i < 2; ++i) {
        auto listener = std::move(*cores[i].listen(at, {}));
        at = listener->local();
        groups[i].spawn(
            accept_all(&cores[i], std::move(listener), limits, &groups[i], "echo", echo_on(&cores[i])));
    }
    Shutdown shutdown;
    ending[1].spawn(client_core(&cores[1], at, &shutdown));
    cores.start();
    shutdown.done.get_future().wait();
    CHECK(shutdown.equal == 200);
    for (size_t i = 0; i < 2; ++i) stop_on(cores, i, groups[i], ending[i]);
    cores.stop();
    for (size_t i = 0; i < 2; ++i) {
        cores[i].io().restart();
        cores[i].io().poll();
    }
}

}  // namespace heliopost::net
