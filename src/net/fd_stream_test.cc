#include "net/fd_stream.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/event.h"
#include "net/test_echo.h"

namespace heliopost::net {

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

}  // namespace heliopost::net
