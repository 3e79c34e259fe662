// Which of several hops is used, and from which address.
#include <doctest/doctest.h>

#include <set>

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

TEST_CASE("hops: a kept connection with a reply too many is not used, and nobody gets another's answer") {
    TwoHops site;
    const AccountId ann = site.add_ann();
    site.options.cached_for = 60s;
    site.first.answer = [](const std::string& line) -> std::optional<std::string> {
        if (line == ".") return "250 taken\r\n250 taken again\r\n";
        if (line.contains("bad@")) return "550 5.1.1 no bad here\r\n";
        return std::nullopt;
    };
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.first.taken.size() == 1 && site.transport->attempts() == 0; }, 30s));
    site.submit({"bad@b.example", "good@b.example"});
    REQUIRE(site.until_empty(1min));
    CHECK(site.first.connections == 2);
    REQUIRE(site.first.taken.size() == 2);
    CHECK(site.first.taken[1].rcpts == std::vector<std::string>{"RCPT TO:<good@b.example>"});
    const auto inbox = site.inbox(ann);
    REQUIRE(inbox.size() == 1);
    CHECK(inbox[0].contains("bad@b.example"));
    CHECK_FALSE(inbox[0].contains("good@b.example"));
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

TEST_CASE("hops: mail leaves from the source address of the hop's family, or over IPv4 alone") {
    struct Case {
        bool ipv6;
        std::vector<std::string> sources;
        std::string from;
    };
    const Case cases[] = {{true, {"192.0.2.5", "2001:db8::5"}, "2001:db8::5"},
                          {false, {"192.0.2.5", "2001:db8::5"}, "192.0.2.5"},
                          {true, {"192.0.2.5"}, "2001:db8::1"},  // none of the family: the system's
                          {false, {}, "192.0.2.1"}};
    for (const auto& [ipv6, sources, from] : cases) {
        CAPTURE(from);
        Site site({"192.0.2.1", "192.0.2.5", "2001:db8::1", "2001:db8::5"});
        ScriptedServer server(site.network, "mx.b.example", {"198.51.100.1", "2001:db8:b::1"});
        site.network.zone().add_mx("b.example", 10, "mx.b.example");
        site.network.zone().add_address("mx.b.example", "198.51.100.1");
        site.network.zone().add_address("mx.b.example", "2001:db8:b::1");
        site.options.ipv6 = ipv6;
        for (const std::string& source : sources)
            site.options.source_addresses.push_back(boost::asio::ip::make_address(source));
        site.start();
        site.submit({"bob@b.example"});
        REQUIRE(site.until_empty(1min));
        REQUIRE(server.taken.size() == 1);
        CHECK(server.taken[0].from.to_string() == from);
    }
}

TEST_CASE("hops: several source addresses take turns by chance; one that is not ours makes the mail wait") {
    Site site({"192.0.2.1", "192.0.2.5"});
    site.options.cached_for = 0ms;
    ScriptedServer server(site.network, "mx.b.example", {"198.51.100.1"});
    site.network.zone().add_mx("b.example", 10, "mx.b.example");
    site.network.zone().add_address("mx.b.example", "198.51.100.1");
    SUBCASE("ours") {
        for (const char* source : {"192.0.2.1", "192.0.2.5"})
            site.options.source_addresses.push_back(boost::asio::ip::make_address(source));
        site.start();
        std::set<std::string> seen;
        for (int i = 0; i < 30; ++i) {
            site.submit({"bob@b.example"});
            REQUIRE(site.until_empty(1min));
            seen.insert(server.taken.back().from.to_string());
        }
        CHECK(seen == std::set<std::string>{"192.0.2.1", "192.0.2.5"});
    }
    SUBCASE("not ours") {
        site.options.source_addresses = {boost::asio::ip::make_address("192.0.2.77")};
        site.start();
        site.submit({"bob@b.example"});
        REQUIRE(site.until([&] { return site.logged("status=deferred"); }));
        CHECK(site.log_line("status=deferred").contains("4.4.1"));
        CHECK(server.connections == 0);
    }
}

}  // namespace heliopost::transport
