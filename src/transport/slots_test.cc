// Peers that keep us waiting, and what becomes of the mail to others.
#include "transport/slots.h"

#include <doctest/doctest.h>

#include "transport/client.h"
#include "transport/test_site.h"

namespace heliopost::transport {
namespace {

// b.example with one MX, which is fast.
struct BesideSlow : Site {
    ScriptedServer b{network, "mx.b.example", {"198.51.100.1"}};

    BesideSlow() {
        network.zone().add_mx("b.example", 10, "mx.b.example");
        network.zone().add_address("mx.b.example", "198.51.100.1");
    }
};

// Says no more than a reply's beginning to lines that start so; "" is the greeting.
ScriptedServer::Answer leave_at(std::string start, std::string beginning) {
    return [=](const std::string& line) -> std::optional<std::string> {
        const bool hit = start.empty() ? line.empty() : line.starts_with(start);
        return hit ? std::optional(beginning) : std::nullopt;
    };
}

}  // namespace

TEST_CASE("slow peers: many slow replies end with the time for all of them") {
    BesideSlow site;
    site.b.extensions = {"PIPELINING"};
    site.network.set_delay([&](const net::MemoryLink&) { return site.b.connections == 0 ? 0s : 120s; });
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.logged("status=deferred"); }, open_wait + 10s));
    CHECK(site.b.taken.empty());
}

TEST_CASE("slow peers: peers that keep us waiting do not hold up the mail to others") {
    BesideSlow site;
    ScriptedServer slow(site.network, "mx.slow.example", {"198.51.100.9"});
    site.network.zone().add_address("mx.slow.example", "198.51.100.9");
    site.options.connections_max = 8;  // relay.connections_max
    SUBCASE("with the greeting") {
        slow.answer = leave_at("", "");
    }
    SUBCASE("with the answer to the envelope") {
        slow.extensions = {"8BITMIME"};
        slow.answer = leave_at("RCPT", "250-and\r\n");
    }
    site.start();
    const auto submit_slow = [&] {
        for (int i = 0; i < 20; ++i) {
            const std::string domain = "s" + std::to_string(i) + ".example";
            site.network.zone().add_mx(domain, 10, "mx.slow.example");
            site.submit({"eve@" + domain});
        }
    };
    submit_slow();
    REQUIRE(site.until([&] { return slow.open == 8; }, 10s));
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.b.taken.size() == 1; }, 4min));
    CHECK(site.logged("this one did not move"));
    CHECK(slow_slots(8) == 2);

    // Now they are known, and begin in their share only.
    REQUIRE(site.until([&] { return slow.connections >= 20 && site.transport->attempts() <= 2; }, 1h));
    slow.open_most = slow.open;
    submit_slow();
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.b.taken.size() == 2; }, 10s));
    site.network.run_for(10min);
    CHECK(slow.open_most <= 2);
}

TEST_CASE("slow peers: a slow peer is waited for while there is room") {
    BesideSlow site;
    bool late = true;
    site.network.set_delay(
        [&](const net::MemoryLink&) { return late && site.b.connections != 0 ? 20s : 0s; });
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty(10min));
    CHECK(site.b.taken.size() == 1);
    late = false;
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty(10s));
    CHECK(site.b.taken.size() == 2);
}

}  // namespace heliopost::transport
