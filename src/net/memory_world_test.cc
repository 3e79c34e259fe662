#include "net/memory_world.h"
#include "base/assert.h"

#include <doctest/doctest.h>

#include "net/event.h"
#include "net/memory_stream.h"
#include "net/task_group.h"

using namespace std::chrono_literals;

namespace heliopost::net {
namespace {

const Endpoint server_at = {.address = boost::asio::ip::make_address("192.0.2.2"), .port = 25};

struct Pair {
    explicit Pair(std::uint64_t seed = 1)
        : network(seed),
          client(network.add_host("a", {"192.0.2.1"})),
          server(network.add_host("b", {"192.0.2.2"})),
          listener(std::move(*server.listen(server_at, {}))),
          clients(client, "client"),
          servers(server, "server") {}
    ~Pair() {
        clients.stop();
        servers.stop();
        network.run_until([this] { return clients.size() + servers.size() == 0; }, 1s);
    }

    MemoryNetwork network;
    MemoryWorld& client;
    MemoryWorld& server;
    std::unique_ptr<Listener> listener;
    TaskGroup clients;
    TaskGroup servers;
};

Task<void> echo(World* world, std::unique_ptr<Stream> stream) {
    char buffer[1000];
    for (;;) {
        const size_t count = co_await stream->read_some(buffer, world->after(1min));
        if (count == 0) co_return;
        co_await stream->write({buffer, count}, world->after(1min));
    }
}

Task<void> echo_all(Pair* pair) {
    for (;;) {
        std::unique_ptr<Stream> stream = co_await pair->listener->accept();
        pair->servers.spawn(echo(&pair->server, std::move(stream)));
    }
}

Task<std::unique_ptr<Stream>> dial(Pair* pair) {
    return pair->client.dial(server_at, {}, pair->client.after(1min));
}

Task<std::string> read_to_end(World* world, Stream* stream) {
    std::string all;
    char buffer[777];
    for (;;) {
        const size_t count = co_await stream->read_some(buffer, world->after(1min));
        if (count == 0) co_return all;
        all.append(buffer, count);
    }
}

Task<void> write_and_end(World* world, MemoryStream* stream, std::string octets) {
    co_await stream->write(octets, world->after(1min));
    stream->end_output();
}

Task<void> send_and_compare(Pair* pair, size_t octets, int* equal) {
    std::unique_ptr<Stream> stream = co_await dial(pair);
    const std::string sent = pair->client.random_octets(octets);
    pair->clients.spawn(write_and_end(&pair->client, static_cast<MemoryStream*>(stream.get()), sent));
    const std::string got = co_await read_to_end(&pair->client, stream.get());
    if (got == sent) ++*equal;
}

std::chrono::microseconds random_delay(World* world) {
    return std::chrono::microseconds(world->random_number() % 5000);
}

std::pair<int, std::uint64_t> echo_run(std::uint64_t seed, int connections) {
    Pair pair(seed);
    pair.network.set_delay([&pair](const MemoryLink&) { return random_delay(&pair.client); });
    pair.servers.spawn(echo_all(&pair));
    int equal = 0;
    for (int i = 0; i < connections; ++i) pair.clients.spawn(send_and_compare(&pair, 5000, &equal));
    pair.network.run_until([&] { return equal == connections; }, 1min);
    return {equal, pair.network.event_hash()};
}

}  // namespace

TEST_CASE("memory streams: a thousand connections echo, half closed by the client") {
    CHECK(echo_run(1, 1000).first == 1000);
}

TEST_CASE("memory network: the same seed gives the same events, another seed others") {
    const auto first = echo_run(7, 20);
    const auto again = echo_run(7, 20);
    const auto other = echo_run(8, 20);
    CHECK(first == again);
    CHECK(first.first == other.first);
    CHECK(first.second != other.second);
}

namespace {

Task<void> dial_port(Pair* pair, Endpoint at, std::string* outcome) {
    try {
        co_await pair->client.dial(at, {}, pair->client.after(30s));
        *outcome = "connected";
    } catch (const Gone& gone) {
        *outcome = gone.what();
    } catch (const TimedOut&) {
        *outcome = "timed out";
    } catch (const Stopped&) {
        *outcome = "stopped";
    }
}

}  // namespace

TEST_CASE("memory network: dialling is refused, finds no host, times out in a partition") {
    Pair pair;
    std::string outcome;
    Endpoint at = server_at;
    at.port = 26;
    pair.network.run(pair.client, dial_port(&pair, at, &outcome));
    CHECK(outcome == "connection refused");
    at.address = boost::asio::ip::make_address("198.51.100.1");
    pair.network.run(pair.client, dial_port(&pair, at, &outcome));
    CHECK(outcome == "no route to host");

    pair.network.partition("a", "b");
    const Instant before = pair.network.tick();
    pair.network.run(pair.client, dial_port(&pair, server_at, &outcome));
    CHECK(outcome == "timed out");
    CHECK(pair.network.tick() - before == 30s);
    pair.network.partition("a", "b", false);
    pair.network.run(pair.client, dial_port(&pair, server_at, &outcome));
    CHECK(outcome == "connected");
}

namespace {

Task<void> write_until_full(Pair* pair, size_t* written) {
    std::unique_ptr<Stream> stream = co_await dial(pair);
    const std::string octets(1000, 'x');
    for (;;) {
        co_await stream->write(octets, pair->client.after(1h));
        *written += octets.size();
    }
}

Task<void> accept_and_hold(Pair* pair, std::unique_ptr<Stream>* stream) {
    *stream = co_await pair->listener->accept();
}

Task<void> read_once(World* world, Stream* stream, std::string* outcome) {
    char octet;
    try {
        const size_t count = co_await stream->read_some({&octet, 1}, world->after(5s));
        *outcome = count == 0 ? "end" : "octet";
    } catch (const Gone& gone) {
        *outcome = gone.what();
    } catch (const TimedOut&) {
        *outcome = "timed out";
    } catch (const Stopped&) {
        *outcome = "stopped";
    }
}

}  // namespace

TEST_CASE("memory streams: a writer waits for its reader") {
    Pair pair;
    std::unique_ptr<Stream> held;
    size_t written = 0;
    pair.servers.spawn(accept_and_hold(&pair, &held));
    pair.clients.spawn(write_until_full(&pair, &written));
    pair.network.run_for(1s);
    CHECK(written <= MemoryConnection::pipe_octets_max);
    CHECK(written > MemoryConnection::pipe_octets_max - 1000);
    std::string outcome;
    pair.network.run(pair.server, read_once(&pair.server, held.get(), &outcome));
    CHECK(outcome == "octet");
}

TEST_CASE("memory streams: deadline, stop, cut and close end a read") {
    Pair pair;
    std::unique_ptr<Stream> held;
    std::unique_ptr<Stream> dialled;
    std::string outcome;
    size_t written = 0;
    pair.servers.spawn(accept_and_hold(&pair, &held));
    SUBCASE("deadline") {
        std::string dial_outcome;
        pair.network.run(pair.client, dial_port(&pair, server_at, &dial_outcome));
        // The dialled stream is gone again, so the read ends in order.
        pair.network.run(pair.server, read_once(&pair.server, held.get(), &outcome));
        CHECK(outcome == "end");
    }
    SUBCASE("stop") {
        pair.clients.spawn(write_until_full(&pair, &written));
        pair.network.run_for(1s);
        CHECK(pair.clients.size() == 1);
        pair.clients.stop();
        CHECK(pair.network.run_until([&] { return pair.clients.size() == 0; }, 0s));
    }
    SUBCASE("cut") {
        pair.clients.spawn(write_until_full(&pair, &written));
        pair.network.run_for(1s);
        REQUIRE(pair.network.links().size() == 1);
        CHECK(pair.network.links().front().from == "a");
        pair.network.cut(pair.network.links().front().id);
        pair.network.run(pair.server, read_once(&pair.server, held.get(), &outcome));
        CHECK(outcome == "connection reset");
        CHECK(pair.clients.size() == 0);
    }
    SUBCASE("crash of the peer") {
        pair.clients.spawn(write_until_full(&pair, &written));
        pair.network.run_for(1s);
        pair.client.crash();
        pair.network.run(pair.server, read_once(&pair.server, held.get(), &outcome));
        CHECK(outcome == "connection reset by the peer");
        CHECK(pair.clients.size() == 0);
    }
}

namespace {

struct Traced {
    std::vector<std::string>* trace;
    std::string name;
    ~Traced() { trace->push_back(name); }
};

Task<void> sleeper(World* world, std::vector<std::string>* trace, std::string name) {
    const Traced traced{trace, name};
    co_await world->sleep_until(world->after(1h));
    trace->push_back("ran on");
}

Task<void> parent(World* world, std::vector<std::string>* trace) {
    const Traced traced{trace, "parent"};
    TaskGroup children(*world, "children");
    children.spawn(sleeper(world, trace, "child 1"));
    children.spawn(sleeper(world, trace, "child 2"));
    Event never(*world);
    co_await never.wait(Deadline::max());
}

}  // namespace

TEST_CASE("a crash destroys every task, children before parents, and none runs on") {
    Pair pair;
    std::vector<std::string> trace;
    pair.servers.spawn(parent(&pair.server, &trace));
    pair.network.run_for(1s);
    pair.servers.spawn(sleeper(&pair.server, &trace, "not yet started"));
    pair.server.crash();
    pair.network.run_for(2h);
    CHECK(trace == std::vector<std::string>{"child 2", "child 1", "parent"});
    CHECK(pair.servers.size() == 0);
    MemoryWorld& again = pair.network.restart(pair.server);
    CHECK(again.listen(server_at, {}).has_value());
}

namespace {

Task<void> tls_server(Pair* pair, std::string* outcome) {
    std::unique_ptr<Stream> stream = co_await pair->listener->accept();
    char octet;
    co_await stream->read_some({&octet, 1}, pair->server.after(1min));
    try {
        co_await stream->start_tls_server(nullptr, pair->server.after(1min));
    } catch (const Gone& gone) {
        *outcome = gone.what();
        co_return;
    }
    const auto session = stream->tls();
    ASSERT(session.has_value());
    *outcome = session->version + " " + session->server_name;
    co_await stream->write("x", pair->server.after(1min));
}

Task<void> tls_client(Pair* pair, std::string clear, std::string* outcome) {
    std::unique_ptr<Stream> stream = co_await dial(pair);
    co_await stream->write(clear, pair->client.after(1min));
    try {
        const TlsClient tls{.server_name = "mx.b.example"};
        co_await stream->start_tls_client(tls, pair->client.after(1min));
        char octet;
        co_await stream->read_some({&octet, 1}, pair->client.after(1min));
        *outcome = octet;
    } catch (const Gone& gone) {
        *outcome = gone.what();
    }
}

}  // namespace

TEST_CASE("memory streams: TLS is a marker on both ends, and octets in the clear break it") {
    Pair pair;
    pair.network.set_delay([](const MemoryLink&) { return 3ms; });
    std::string server;
    std::string client;
    pair.servers.spawn(tls_server(&pair, &server));
    SUBCASE("in the middle") {
        pair.network.run(pair.client, tls_client(&pair, "s", &client));
        CHECK(server == "TLSv1.3 mx.b.example");
        CHECK(client == "x");
    }
    SUBCASE("pipelined in the clear") {
        pair.network.run(pair.client, tls_client(&pair, "sNOOP", &client));
        CHECK(server == "TLS handshake failed: octets in the clear");
        CHECK(client == "TLS handshake failed");
    }
}

namespace {

Task<void> ask(World* world, std::string name, RecordType type, DnsAnswer* answer) {
    *answer = co_await world->resolver().query(std::move(name), type, world->after(5s));
}

Task<void> compute(World* world, int* result) {
    *result = co_await world->on_pool([] { return 42; });
    try {
        co_await world->on_pool([] { throw std::runtime_error("work failed"); });
    } catch (const std::runtime_error& error) {
        *result += static_cast<int>(std::string_view(error.what()).size());
    }
}

}  // namespace

TEST_CASE("memory resolver: answers, aliases, failures") {
    Pair pair;
    MemoryZone& zone = pair.network.zone();
    zone.add_mx("b.example", 10, "MX.b.example.");
    zone.add_mx("null.example", 0, ".");
    zone.add_address("mx.b.example", "192.0.2.2");
    zone.add_address("mx.b.example", "2001:db8::2");
    zone.add_cname("www.b.example", "mx.b.example");
    zone.add_txt("b.example", std::string(300, 't'));
    zone.set_failing("broken.example");
    const auto query = [&](std::string name, RecordType type) {
        DnsAnswer answer;
        pair.network.run(pair.client, ask(&pair.client, std::move(name), type, &answer));
        return answer;
    };
    const auto mx = mx_records(query("B.example.", RecordType::mx));
    REQUIRE(mx.size() == 1);
    CHECK(mx[0].preference == 10);
    CHECK(mx[0].exchange == "mx.b.example");
    CHECK(mx_records(query("null.example", RecordType::mx)).front().exchange.empty());
    const DnsAnswer alias = query("www.b.example", RecordType::a);
    CHECK(alias.canonical_name == "mx.b.example");
    CHECK(address_records(alias).front().to_string() == "192.0.2.2");
    CHECK(address_records(query("mx.b.example", RecordType::aaaa)).front().to_string() == "2001:db8::2");
    CHECK(txt_records(query("b.example", RecordType::txt)).front() == std::string(300, 't'));
    CHECK(query("b.example", RecordType::aaaa).status == DnsAnswer::Status::no_records);
    CHECK(query("none.example", RecordType::a).status == DnsAnswer::Status::no_name);
    CHECK(query("broken.example", RecordType::a).status == DnsAnswer::Status::failed);
    zone.set_latency(6s);
    CHECK(query("b.example", RecordType::mx).status == DnsAnswer::Status::failed);
}

TEST_CASE("on_pool gives values and exceptions back") {
    Pair pair;
    int result = 0;
    pair.network.run(pair.client, compute(&pair.client, &result));
    CHECK(result == 42 + 11);
}

}  // namespace heliopost::net
