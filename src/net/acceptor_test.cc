#include "net/acceptor.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cerrno>
#include <system_error>

#include "net/memory_world.h"
#include "net/test_client.h"
#include "net/test_echo.h"

namespace heliopost::net {

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

constexpr std::string_view busy = "421 mx.a.example too many connections\r\n";

Task<void> greet(std::unique_ptr<Stream> stream, World* world) {
    co_await stream->write("220 ready\r\n", world->after(1min));
    char octet;
    co_await stream->read_some({&octet, 1}, world->after(1h));
}

// Clients of two hosts and a listener with a limit for each and for all.
struct Crowd {
    MemoryNetwork network{1};
    MemoryWorld& server = network.add_host("mx.a.example", {"192.0.2.1", "2001:db8::1"});
    MemoryWorld& one = network.add_host("one.example", {"192.0.2.2", "2001:db8:1::1", "2001:db8:1::2"});
    MemoryWorld& other = network.add_host("other.example", {"192.0.2.3", "2001:db8:2::1"});
    TaskGroup tasks{server, "server"};
    TaskGroup clients{one, "clients"};

    explicit Crowd(ConnectionLimits::Options options, std::string refusal, const std::string& at) {
        tasks.spawn(accept_all(
            &server, std::move(*server.listen(where(at), {})), ConnectionLimits(options), &tasks, "smtp",
            [this](std::unique_ptr<Stream> stream) { return greet(std::move(stream), &server); },
            std::move(refusal)));
    }
    ~Crowd() {
        tasks.stop();
        clients.stop();
        network.run_until([this] { return tasks.size() + clients.size() == 0; }, 1h);
    }
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;
    static Endpoint where(const std::string& address) {
        return {.address = boost::asio::ip::make_address(address), .port = 25, .path = {}};
    }
    std::unique_ptr<TestClient> dial(MemoryWorld& from, const std::string& at) {
        return std::make_unique<TestClient>(network, from, where(at), clients);
    }
};

}  // namespace

TEST_CASE("accept loop: past the limit of an address its next connection is told so, RFC 5321 §3.8") {
    Crowd crowd({.per_address_max = 2, .connections_max = 100}, std::string(busy), "192.0.2.1");
    auto first = crowd.dial(crowd.one, "192.0.2.1");
    const auto second = crowd.dial(crowd.one, "192.0.2.1");
    CHECK(first->hear() == "220 ready\r\n");
    CHECK(second->hear() == "220 ready\r\n");
    const auto third = crowd.dial(crowd.one, "192.0.2.1");
    CHECK(third->hear() == busy);
    CHECK(third->ended());
    CHECK(crowd.dial(crowd.other, "192.0.2.1")->hear() == "220 ready\r\n");
    first.reset();  // its place comes back
    CHECK(crowd.dial(crowd.one, "192.0.2.1")->hear() == "220 ready\r\n");
}

TEST_CASE("accept loop: an IPv6 /64 is one address") {
    Crowd crowd({.per_address_max = 1, .connections_max = 100}, std::string(busy), "2001:db8::1");
    const auto first = crowd.dial(crowd.one, "2001:db8::1");
    CHECK(first->hear() == "220 ready\r\n");
    CHECK(crowd.dial(crowd.one, "2001:db8::1")->hear() == busy);
    CHECK(crowd.dial(crowd.other, "2001:db8::1")->hear() == "220 ready\r\n");
}

TEST_CASE("accept loop: past the limit of all nobody gets in; without a text it is closed in silence") {
    Crowd crowd({.per_address_max = 2, .connections_max = 3}, "", "192.0.2.1");
    const auto first = crowd.dial(crowd.one, "192.0.2.1");
    const auto second = crowd.dial(crowd.one, "192.0.2.1");
    const auto third = crowd.dial(crowd.other, "192.0.2.1");
    CHECK(third->hear() == "220 ready\r\n");
    const auto fourth = crowd.dial(crowd.other, "192.0.2.1");
    CHECK(fourth->hear().empty());
    CHECK(fourth->ended());
}

}  // namespace heliopost::net
