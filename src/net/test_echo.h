// A listener on a real port whose connections get back what they send, and clients of it. Test only.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "net/acceptor.h"
#include "net/test_loop.h"

namespace heliopost::net {

using namespace std::chrono_literals;

inline Endpoint loopback() {
    return *parse_endpoint("127.0.0.1:0");
}

inline Task<void> send_back(World* world, std::unique_ptr<Stream> stream) {
    char buffer[3000];
    for (;;) {
        const size_t count = co_await stream->read_some(buffer, world->after(20s));
        if (count == 0) co_return;
        co_await stream->write({buffer, count}, world->after(20s));
    }
}

inline ServeConnection echo_on(World* world) {
    return [world](std::unique_ptr<Stream> stream) { return send_back(world, std::move(stream)); };
}

inline Task<void> exchange(World* world, Endpoint at, size_t octets, int rounds, int* equal) {
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

inline Task<void> exchange_many(World* world, Endpoint at, int connections, int* equal) {
    TaskGroup clients(*world, "clients");
    for (int i = 0; i < connections; ++i) clients.spawn(exchange(world, at, 2000, 3, equal));
    co_await clients.join(world->after(60s));
}

inline Endpoint serve_echo(TestLoop& loop, const Endpoint& at, ConnectionLimits limits) {
    auto listener = loop.world.listen(at, {});
    REQUIRE(listener.has_value());
    const Endpoint where = (*listener)->local();
    loop.tasks.spawn(
        accept_all(&loop.world, std::move(*listener), limits, &loop.tasks, "echo", echo_on(&loop.world)));
    return where;
}

inline Endpoint serve_echo(TestLoop& loop, const Endpoint& at = loopback()) {
    return serve_echo(loop, at, ConnectionLimits({.per_address_max = 5000}));
}

struct Outcome {
    std::string text;
    std::chrono::microseconds took{};
};

// What ends an action: its own end, or which exception.
inline Task<void> judge(World* world, Task<void> action, Outcome* outcome) {
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

inline Task<void> dial_and_close(World* world, Endpoint at, DialOptions options) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, options, world->after(200ms));
}

inline Task<void> dial_and_read(World* world, Endpoint at, std::chrono::milliseconds patience) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(5s));
    char octet;
    co_await stream->read_some({&octet, 1}, world->after(patience));
}

inline Task<void> dial_and_flood(World* world, Endpoint at, std::chrono::milliseconds patience) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(5s));
    const std::string much(32 << 20, 'x');
    co_await stream->write(much, world->after(patience));
}

}  // namespace heliopost::net
