// Which of several hops is used, and the smart host.
#include <doctest/doctest.h>

#include "base/assert.h"
#include "transport/test_site.h"

namespace heliopost::transport {
namespace {

struct TwoHops : Site {
    ScriptedServer first{network, "one.b.example", {"198.51.100.1"}};
    ScriptedServer second{network, "two.b.example", {"198.51.100.2"}};

    TwoHops() {
        network.zone().add_mx("b.example", 10, "one.b.example");
        network.zone().add_mx("b.example", 20, "two.b.example");
        network.zone().add_address("one.b.example", "198.51.100.1");
        network.zone().add_address("two.b.example", "198.51.100.2");
    }
};

struct Relay : Site {
    ScriptedServer relay{network, "relay.isp.example", {"198.51.100.50"}, 587};

    Relay() {
        network.zone().add_address("relay.isp.example", "198.51.100.50");
        relay.extensions = {"PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN"};
        options.smart_host =
            SmartHost{.host = "relay.isp.example", .user = "ann", .password = "pa ss", .roots_file = {}};
    }
};

}  // namespace

TEST_CASE("hops: the next one is tried where the first cannot take the transaction") {
    struct Case {
        std::string stage;
        std::string reply;
    };
    const Case cases[] = {{"", "drop"},
                          {"", "554 no service\r\n"},
                          {"", "421 busy\r\n"},
                          {"EHLO", "drop"},
                          {"MAIL", "451 later\r\n"},
                          {"MAIL", "drop"},
                          {"RCPT", "421 bye\r\n"},
                          {"DATA", "451 later\r\n"}};
    for (const auto& [stage, reply] : cases) {
        CAPTURE(stage);
        CAPTURE(reply);
        TwoHops site;
        site.first.answer = [&](const std::string& line) -> std::optional<std::string> {
            const bool hit = stage.empty() ? line.empty() : line.starts_with(stage);
            return hit ? std::optional(reply) : std::nullopt;
        };
        site.start();
        site.submit({"bob@b.example", "eve@b.example"});
        REQUIRE(site.until_empty(1min));
        CHECK(site.first.connections == 1);
        CHECK(site.first.taken.empty());
        REQUIRE(site.second.taken.size() == 1);
        CHECK(site.second.taken[0].rcpts.size() == 2);
    }
}

TEST_CASE("hops: a recipient's 4xx or 5xx is that recipient's answer, not the hop's") {
    TwoHops site;
    site.first.answer = [](const std::string& line) -> std::optional<std::string> {
        return line.starts_with("RCPT") ? std::optional<std::string>("450 4.2.0 later\r\n") : std::nullopt;
    };
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.logged("status=deferred"); }));
    CHECK(site.second.connections == 0);
}

TEST_CASE("hops: unreachable addresses are passed over; where none answers the mail waits") {
    TwoHops site;
    site.network.zone().add_address("one.b.example", "2001:db8::dead");
    site.network.partition("a.example", "one.b.example");
    site.start();
    const QueueId id = site.submit({"bob@b.example"});
    REQUIRE(site.until_empty(2min));
    CHECK(site.second.taken.size() == 1);
    CHECK(site.gone(id));
    site.network.partition("a.example", "two.b.example");
    const QueueId waiting = site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.logged("status=deferred"); }));
    CHECK(site.show(waiting).recipients[0].last_reply.enhanced == smtp::EnhancedStatus{4, 4, 1});
    site.network.partition("a.example", "one.b.example", false);
    site.network.partition("a.example", "two.b.example", false);
    REQUIRE(site.until_empty(1h));
}

TEST_CASE("hops: null MX and a missing domain bounce without a connection") {
    TwoHops site;
    const AccountId ann = site.add_ann();
    site.network.zone().add_mx("null.example", 0, ".");
    site.start();
    site.submit({"bob@null.example"});
    site.submit({"bob@no-such.example"});
    REQUIRE(site.until_empty(1min));
    const auto inbox = site.inbox(ann);
    REQUIRE(inbox.size() == 2);
    CHECK((inbox[0] + inbox[1]).contains("Status: 5.1.10"));
    CHECK((inbox[0] + inbox[1]).contains("Status: 5.1.2"));
}

TEST_CASE("smart host: everything goes there, over TLS, logged in, on one connection") {
    Relay site;
    site.options.per_destination_max = 1;
    site.start();
    site.submit({"bob@b.example"});
    site.submit({"cat@c.example"});
    REQUIRE(site.until_empty(1min));
    REQUIRE(site.relay.taken.size() == 2);
    CHECK(site.relay.taken[0].tls);
    CHECK(site.relay.connections == 1);
    CHECK(site.relay.count("AUTH PLAIN AGFubgBwYSBzcw==") == 1);  // \0ann\0pa ss
    CHECK_FALSE(site.logged("pa ss"));
}

TEST_CASE("smart host: TLS from the start") {
    Relay site;
    site.relay.tls_from_start = true;
    ASSERT(site.options.smart_host.has_value());
    site.options.smart_host->tls_from_start = true;
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty(1min));
    REQUIRE(site.relay.taken.size() == 1);
    CHECK(site.relay.taken[0].tls);
}

TEST_CASE(
    "smart host: without TLS, without AUTH or with a wrong password the mail waits, it is not bounced") {
    Relay site;
    std::string reason;
    SUBCASE("no STARTTLS") {
        site.relay.extensions = {"AUTH PLAIN"};
        reason = "offers no STARTTLS";
    }
    SUBCASE("broken handshake: never in the clear") {
        site.relay.breaks_tls = true;
        reason = "TLS handshake";
    }
    SUBCASE("no AUTH") {
        site.relay.extensions = {"STARTTLS"};
        reason = "offers no AUTH";
    }
    SUBCASE("wrong password") {
        site.relay.answer = [](const std::string& line) -> std::optional<std::string> {
            return line.starts_with("AUTH") ? std::optional<std::string>("535 5.7.8 no\r\n") : std::nullopt;
        };
        reason = "535";
    }
    site.start();
    const QueueId id = site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.logged("status=deferred"); }));
    CHECK(site.log_line("status=deferred").contains(reason));
    CHECK(site.relay.taken.empty());
    CHECK(site.relay.count("MAIL") == 0);
    CHECK(site.relay.connections == 1);
    CHECK(site.show(id).recipients[0].state == queue::State::pending);
}

}  // namespace heliopost::transport
