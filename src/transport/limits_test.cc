// Each wait for a peer, and each number of them, that no other test names: what lies past it.
#include <doctest/doctest.h>

#include "transport/attempt.h"
#include "transport/client.h"
#include "transport/connections.h"
#include "transport/route.h"
#include "transport/slots.h"
#include "transport/test_site.h"
#include "transport/transaction.h"

namespace heliopost::transport {
namespace {

constexpr std::chrono::seconds slack = 10s;  // for what is not the wait itself

// b.example with one MX.
struct Patient : Site {
    ScriptedServer b{network, "mx.b.example", {"198.51.100.1"}};

    ~Patient() { network.set_delay(nullptr); }  // the test's may look at what is gone

    Patient() {
        network.zone().add_mx("b.example", 10, "mx.b.example");
        network.zone().add_address("mx.b.example", "198.51.100.1");
    }
    // How long the first attempt takes until it is put off.
    std::chrono::microseconds deferred_after(std::chrono::microseconds limit,
                                             std::string content = "Subject: hi\r\n\r\nhello\r\n",
                                             std::vector<std::string> recipients = {"bob@b.example"}) {
        start();
        const Instant before = network.tick();
        submit(std::move(recipients), std::move(content));
        REQUIRE(until([&] { return logged("status=deferred"); }, limit));
        return network.tick() - before;
    }
};

ScriptedServer::Answer silent_at(std::string start) {
    return [start = std::move(start)](const std::string& line) -> std::optional<std::string> {
        const bool hit = start.empty() ? line.empty() : line.starts_with(start);
        if (!hit) return std::nullopt;
        return line.empty() ? "" : "250-wait\r\n";
    };
}

}  // namespace

TEST_CASE("limits: a server that says nothing is waited for as long as RFC 5321 §4.5.3.2 says, then left") {
    struct Case {
        std::string stage;
        std::chrono::seconds wait;
    };
    const Case cases[] = {{"", greeting_wait}, {"EHLO", hello_wait}, {"MAIL", mail_wait},
                          {"RCPT", rcpt_wait}, {"DATA", data_wait},  {".", end_wait}};
    for (const auto& [stage, wait] : cases) {
        CAPTURE(stage);
        Patient site;
        site.b.extensions = {"SIZE"};  // no pipelining: each command waits for its own answer
        site.b.answer = silent_at(stage);
        const auto took = site.deferred_after(wait + slack);
        CHECK(took >= wait);
    }
}

TEST_CASE("limits: a host that nobody answers for is dialled for dial_wait") {
    Patient site;
    site.network.partition("a.example", "mx.b.example");
    CHECK(site.deferred_after(dial_wait + slack) >= dial_wait);
}

TEST_CASE("limits: all waits of an envelope, and of all hops, have an end of their own") {
    SUBCASE("envelope_wait") {
        Patient site;
        site.b.extensions = {"SIZE"};
        site.network.set_delay([&](const net::MemoryLink&) { return site.b.count("MAIL") > 0 ? 120s : 0s; });
        std::vector<std::string> many;
        for (int i = 0; i < 20; ++i) many.push_back("u" + std::to_string(i) + "@b.example");
        CHECK(site.deferred_after(envelope_wait + slack, "Subject: x\r\n\r\n", many) >= envelope_wait - 5min);
        CHECK(site.b.taken.empty());
    }
    SUBCASE("hops_wait_max") {
        Patient site;
        std::vector<std::unique_ptr<ScriptedServer>> silent;
        for (int i = 2; i < 12; ++i) {
            const std::string name = "m" + std::to_string(i) + ".c.example";
            const std::string address = "198.51.100." + std::to_string(i);
            silent.push_back(
                std::make_unique<ScriptedServer>(site.network, name, std::vector<std::string>{address}));
            silent.back()->answer = silent_at("");
            site.network.zone().add_mx("c.example", static_cast<std::uint16_t>(i), name);
            site.network.zone().add_address(name, address);
        }
        const auto took = site.deferred_after(hops_wait_max + slack, "Subject: x\r\n\r\n", {"eve@c.example"});
        CHECK(took >= hops_wait_max);
        std::size_t tried = 0;
        for (const auto& server : silent) tried += server->connections;
        CHECK(tried <= static_cast<std::size_t>(hops_wait_max / greeting_wait) + 1);
    }
    SUBCASE("dns_wait_max") {
        Patient site;
        site.network.zone().set_latency(2 * dns_wait_max);
        const auto took = site.deferred_after(dns_wait_max + slack);
        CHECK(took >= dns_wait_max);
        CHECK(site.b.connections == 0);
    }
}

TEST_CASE("limits: a peer that takes the content too slowly, or not at all") {
    std::string large = "Subject: x\r\n\r\n";
    while (large.size() < 12'000'000) large += std::string(998, 'y') + "\r\n";
    bool content = false;
    Patient site;
    site.b.extensions = {"SIZE"};
    site.b.answer = [&](const std::string& line) -> std::optional<std::string> {
        content = content || line == "DATA";
        return std::nullopt;
    };
    SUBCASE("block_wait: it stops to take any") {
        site.network.set_delay([&](const net::MemoryLink&) { return content ? 1s : 0s; });
        site.network.call_at(site.network.tick() + 30s,
                             [&] { site.network.partition("a.example", "mx.b.example"); });
        CHECK(site.deferred_after(block_wait + 1min, large) >= block_wait);
    }
    SUBCASE("content_wait: a drip that keeps each block within its wait") {
        site.network.set_delay([&](const net::MemoryLink&) { return content ? 60s : 0s; });
        const auto took = site.deferred_after(content_wait + block_wait + slack, large);
        CHECK(took >= content_wait - block_wait);
    }
    CHECK(site.b.taken.empty());
}

TEST_CASE("limits: kept connections, and destinations known as slow") {
    SUBCASE("idle_connections_max") {
        Patient site;
        site.options.connections_max = 500;
        site.options.cached_for = 60s;
        for (std::size_t i = 0; i < idle_connections_max + 20; ++i)
            site.network.zone().add_mx("d" + std::to_string(i) + ".example", 10, "mx.b.example");
        site.start();
        for (std::size_t i = 0; i < idle_connections_max + 20; ++i)
            site.submit({"u@d" + std::to_string(i) + ".example"});
        REQUIRE(site.until([&] { return site.b.taken.size() == idle_connections_max + 20; }, 30s));
        site.network.run_for(5s);
        CHECK(site.b.open == idle_connections_max);
    }
    SUBCASE("slow_destinations_max") {
        const auto slots = std::make_shared<Slots>();
        Instant now{1s};
        for (std::size_t i = 0; i <= slow_destinations_max; ++i) {
            Slot slot(slots, "d" + std::to_string(i) + ".example", now);
            slot.finish(now + 2 * slow_after);
        }
        CHECK(slots->slow_until.size() == 1);
    }
}

TEST_CASE("limits: TLS and AUTH that do not go on") {
    Site site;
    ScriptedServer relay(site.network, "relay.isp.example", {"198.51.100.50"}, 587);
    site.network.zone().add_address("relay.isp.example", "198.51.100.50");
    relay.extensions = {"STARTTLS", "AUTH PLAIN"};
    site.options.smart_host =
        SmartHost{.host = "relay.isp.example", .user = "ann", .password = Secret("pa ss"), .roots_file = {}};
    std::chrono::microseconds wait = auth_wait;
    SUBCASE("auth_wait") {
        relay.answer = silent_at("AUTH");
    }
    SUBCASE("tls_wait") {
        wait = tls_wait;
        relay.tls_from_start = true;
        site.options.smart_host->tls_from_start = true;
        site.network.set_delay([&](const net::MemoryLink&) { return relay.connections > 0 ? 1h : 0h; });
    }
    site.start();
    const Instant before = site.network.tick();
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.logged("status=deferred"); }, wait + slack));
    CHECK(site.network.tick() - before >= wait);
    CHECK(relay.taken.empty());
    site.network.set_delay(nullptr);
}

TEST_CASE("limits: QUIT is not waited for longer than quit_wait") {
    Patient site;
    site.options.cached_for = 60s;
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.b.taken.size() == 1 && site.transport->attempts() == 0; }, 10s));
    site.network.partition("a.example", "mx.b.example");
    site.stop(std::chrono::duration_cast<std::chrono::seconds>(quit_wait) + 1s);
}

}  // namespace heliopost::transport
