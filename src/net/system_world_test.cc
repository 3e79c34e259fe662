// Longer than 400 lines because sockets, listeners and cores are tested over one harness of real ports.
#include "net/system_world.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <system_error>

#include "net/acceptor.h"
#include "net/event.h"
#include "net/fd_stream.h"
#include "net/test_loop.h"

using namespace std::chrono_literals;

namespace heliopost::net {
namespace {

Endpoint loopback() {
    return *parse_endpoint("127.0.0.1:0");
}

Task<void> send_back(World* world, std::unique_ptr<Stream> stream) {
    char buffer[3000];
    for (;;) {
        const size_t count = co_await stream->read_some(buffer, world->after(20s));
        if (count == 0) co_return;
        co_await stream->write({buffer, count}, world->after(20s));
    }
}

ServeConnection echo_on(World* world) {
    return [world](std::unique_ptr<Stream> stream) { return send_back(world, std::move(stream)); };
}

Task<void> exchange(World* world, Endpoint at, size_t octets, int rounds, int* equal) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(20s));
    const std::string sent = world->random_octets(octets);
    std::string got(octets, '\0');
    for (int i = 0; i < rounds; ++i) {
        co_await stream->write(sent, world->after(20s));
        for (size_t have = 0; have < octets;) {
            const size_t count = co_await stream->read_some(std::span(got).subspan(have), world->after(20s));
            if (count == 0) co_return;
            have += count;
        }
        if (got != sent) co_return;
    }
    ++*equal;
}

Task<void> exchange_many(World* world, Endpoint at, int connections, int* equal) {
    TaskGroup clients(*world, "clients");
    for (int i = 0; i < connections; ++i) clients.spawn(exchange(world, at, 2000, 3, equal));
    co_await clients.join(world->after(60s));
}

Endpoint serve_echo(TestLoop& loop, const Endpoint& at, ConnectionLimits limits) {
    auto listener = loop.world.listen(at, {});
    REQUIRE(listener.has_value());
    const Endpoint where = (*listener)->local();
    loop.tasks.spawn(
        accept_all(&loop.world, std::move(*listener), limits, &loop.tasks, "echo", echo_on(&loop.world)));
    return where;
}

Endpoint serve_echo(TestLoop& loop, const Endpoint& at = loopback()) {
    return serve_echo(loop, at, ConnectionLimits({.per_address_max = 5000}));
}

}  // namespace

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

namespace {

struct Outcome {
    std::string text;
    std::chrono::microseconds took{};
};

// What ends an action: its own end, or which exception.
Task<void> judge(World* world, Task<void> action, Outcome* outcome) {
    const Instant begin = world->tick();
    try {
        co_await std::move(action);
        outcome->text = "done";
    } catch (const Gone& gone) {
        outcome->text = std::string("gone: ") + gone.what();
    } catch (const TimedOut&) {
        outcome->text = "timed out";
    } catch (const Stopped&) {
        outcome->text = "stopped";
    } catch (const std::exception& error) {
        outcome->text = error.what();
    }
    outcome->took = world->tick() - begin;
}

Task<void> dial_and_close(World* world, Endpoint at, DialOptions options) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, options, world->after(200ms));
}

Task<void> dial_and_read(World* world, Endpoint at, std::chrono::milliseconds patience) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(5s));
    char octet;
    co_await stream->read_some({&octet, 1}, world->after(patience));
}

Task<void> dial_and_flood(World* world, Endpoint at, std::chrono::milliseconds patience) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(5s));
    const std::string much(32 << 20, 'x');
    co_await stream->write(much, world->after(patience));
}

}  // namespace

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

Task<void> half_close(World* world, Endpoint at, std::string* got) {
    const SocketAddress address = to_socket_address(at);
    const int raw = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(connect(raw, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0);
    REQUIRE(::send(raw, "hello", 5, 0) == 5);
    shutdown(raw, SHUT_WR);
    char octet;
    for (;;) {
        co_await world->sleep_until(world->after(1ms));
        const ssize_t count = recv(raw, &octet, 1, MSG_DONTWAIT);
        if (count == 1) *got += octet;
        if (count == 0) break;
    }
    ::close(raw);
}

Task<void> flood_after_close(World* world, Endpoint at) {
    std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(5s));
    const std::string octets(100'000, 'x');
    for (;;) co_await stream->write(octets, world->after(5s));
}

Task<void> close_at_once(std::unique_ptr<Stream> stream) {
    stream->close();
    stream->close();
    co_return;
}

}  // namespace

TEST_CASE("TCP streams: a peer that half closes gets its answer; one that closed is Gone, without SIGPIPE") {
    TestLoop loop;
    std::string got;
    loop.run(half_close(&loop.world, serve_echo(loop), &got));
    CHECK(got == "hello");

    auto listener = std::move(*loop.world.listen(loopback(), {}));
    const Endpoint at = listener->local();
    loop.tasks.spawn(accept_all(&loop.world, std::move(listener), ConnectionLimits({}), &loop.tasks,
                                "closing", close_at_once));
    Outcome outcome;
    loop.run(judge(&loop.world, flood_after_close(&loop.world, at), &outcome));
    CHECK(outcome.text.starts_with("gone: "));
}

namespace {

// The writer may be ahead of its reader by what kernel and sockets hold, not more.
Task<void> slow_reader(World* world, Listener* listener, size_t* read) {
    const std::unique_ptr<Stream> stream = co_await listener->accept();
    std::vector<char> buffer(64 << 10);
    for (;;) {
        const size_t count = co_await stream->read_some(buffer, world->after(10s));
        if (count == 0) co_return;
        *read += count;
        if (*read < 2 << 20) co_await world->sleep_until(world->after(1ms));
    }
}

}  // namespace

TEST_CASE("TCP streams: 32 MiB arrive at a slow reader") {
    TestLoop loop;
    const auto listener = std::move(*loop.world.listen(loopback(), {}));
    size_t read = 0;
    loop.tasks.spawn(slow_reader(&loop.world, listener.get(), &read));
    Outcome outcome;
    loop.run(judge(&loop.world, dial_and_flood(&loop.world, listener->local(), 10s), &outcome));
    CHECK(outcome.text == "done");
    loop.run([](World* world, const size_t* octets) -> Task<void> {
        for (int i = 0; i < 500 && *octets < 32 << 20; ++i) co_await world->sleep_until(world->after(10ms));
    }(&loop.world, &read));
    CHECK(read == 32 << 20);
}

namespace {

Task<void> idle_until_event(World* world, Endpoint at, Event* event, std::string* trace) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(5s));
    // Set before, set during, and input during the wait.
    event->set();
    *trace += co_await stream->wait_readable(world->after(5s), event) == Stream::Ready::event ? "e" : "i";
    event->clear();
    const World::TimerId timer = world->call_at(world->after(20ms), [event] { event->set(); });
    (void)timer;
    *trace += co_await stream->wait_readable(world->after(5s), event) == Stream::Ready::event ? "e" : "i";
    event->clear();
    co_await stream->write("x", world->after(5s));
    *trace += co_await stream->wait_readable(world->after(5s), event) == Stream::Ready::event ? "e" : "i";
    char octet;
    co_await stream->read_some({&octet, 1}, world->after(5s));
    *trace += octet;
    try {
        co_await stream->wait_readable(world->after(20ms), event);
    } catch (const TimedOut&) {
        *trace += "t";
    }
}

}  // namespace

TEST_CASE("wait_readable wakes for input, for the event and at the deadline") {
    TestLoop loop;
    Event event(loop.world);
    std::string trace;
    loop.run(idle_until_event(&loop.world, serve_echo(loop), &event, &trace));
    CHECK(trace == "eeixt");
}

namespace {

Task<void> hold_many(World* world, Endpoint at, int connections, int* echoed) {
    std::vector<std::unique_ptr<Stream>> held;
    for (int i = 0; i < connections; ++i) {
        held.push_back(co_await world->dial(at, {}, world->after(5s)));
        try {
            co_await held.back()->write("x", world->after(5s));
            char octet;
            const size_t count = co_await held.back()->read_some({&octet, 1}, world->after(5s));
            *echoed += static_cast<int>(count);
        } catch (const Gone&) {
        }
    }
}

Task<void> hold_without_descriptors(World* world, Endpoint at, std::string* got) {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(5s));
    const int next = dup(0);
    ::close(next);
    const rlimit low{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    co_await world->sleep_until(world->after(250ms));
    setrlimit(RLIMIT_NOFILE, &before);
    co_await stream->write("x", world->after(5s));
    char octet;
    co_await stream->read_some({&octet, 1}, world->after(5s));
    *got = octet;
}

}  // namespace

TEST_CASE("accept loop: connections past the limits are closed; the others and their places come back") {
    TestLoop loop;
    const ConnectionLimits limits({.per_address_max = 5, .connections_max = 100});
    const Endpoint at = serve_echo(loop, loopback(), limits);
    int echoed = 0;
    loop.run(hold_many(&loop.world, at, 8, &echoed));
    CHECK(echoed == 5);
    CHECK(loop.log.contains("too many connections"));
    loop.run([](World* world, const ConnectionLimits* counted) -> Task<void> {
        for (int i = 0; i < 500 && counted->size() > 0; ++i) co_await world->sleep_until(world->after(10ms));
    }(&loop.world, &limits));
    CHECK(limits.size() == 0);
}

TEST_CASE("accept loop: without descriptors it pauses and goes on") {
    // UBSan looks at a type it has not met through a pipe, which needs descriptors: let it meet this one now.
    try {
        throw std::system_error(EMFILE, std::generic_category(), "accept");
    } catch (const std::system_error& error) {
        REQUIRE(error.code().value() == EMFILE);
    }
    TestLoop loop;
    const Endpoint at = serve_echo(loop);
    std::string got;
    loop.run(hold_without_descriptors(&loop.world, at, &got));
    CHECK(got == "x");
    CHECK(loop.log.contains("Too many open files"));
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
