#include "transport/route.h"

#include <doctest/doctest.h>

#include <set>

#include "store/test_host.h"

namespace heliopost::transport {
namespace {

struct Zone : store::TestHost {
    TransportOptions options;
    Zone() {
        options.host_name = "mx.a.example";
        options.own_addresses = {boost::asio::ip::make_address("192.0.2.1")};
    }
    net::MemoryZone& zone() { return network.zone(); }

    // "name address, name address", or the verdict: "5.1.2", "4.4.3".
    std::string find(const std::string& domain) {
        Router router(*world, options);
        const Route route = run(router.find(domain));
        if (!route) {
            CHECK((route.error().fate == Fate::permanent) == (status_of(route.error()).kind == 5));
            return smtp::to_string(status_of(route.error()));
        }
        std::string text;
        for (const Hop& hop : *route)
            text += (text.empty() ? "" : ", ") + hop.name + ' ' + hop.at.address.to_string();
        return text;
    }
};

}  // namespace

TEST_CASE("route: MX in the order of preference, IPv6 and IPv4 alternating, RFC 5321 §5.1") {
    Zone site;
    site.zone().add_mx("b.example", 20, "two.b.example");
    site.zone().add_mx("b.example", 10, "one.b.example");
    site.zone().add_mx("b.example", 30, "nowhere.b.example");
    site.zone().add_address("two.b.example", "198.51.100.2");
    site.zone().add_address("one.b.example", "198.51.100.1");
    site.zone().add_address("one.b.example", "198.51.100.3");
    site.zone().add_address("one.b.example", "2001:db8::1");
    CHECK(site.find("b.example") ==
          "one.b.example 2001:db8::1, one.b.example 198.51.100.1, one.b.example 198.51.100.3, "
          "two.b.example 198.51.100.2");
    site.options.ipv6 = false;
    CHECK(site.find("b.example") ==
          "one.b.example 198.51.100.1, one.b.example 198.51.100.3, two.b.example 198.51.100.2");
}

TEST_CASE("route: equal preferences are shuffled") {
    Zone site;
    for (const std::string name : {"x.b.example", "y.b.example", "z.b.example"}) {
        site.zone().add_mx("b.example", 10, name);
        site.zone().add_address(name, "198.51.100.1");
    }
    std::set<std::string> orders;
    for (int i = 0; i < 100; ++i) orders.insert(site.find("b.example"));
    CHECK(orders.size() == 6);
}

TEST_CASE("route: what DNS says for good, and what it could not say") {
    Zone site;
    site.zone().add_mx("null.example", 0, ".");
    site.zone().add_address("implicit.example", "198.51.100.9");
    site.zone().add_txt("nothing.example", "x");
    site.zone().set_failing("broken.example");
    site.zone().set_bogus("forged.example");
    site.zone().add_mx("dead.example", 10, "gone.dead.example");
    site.zone().add_mx("unsure.example", 10, "mx.broken.example");
    site.zone().set_failing("mx.broken.example");
    CHECK(site.find("null.example") == "5.1.10");  // RFC 7505 §3
    CHECK(site.find("implicit.example") == "implicit.example 198.51.100.9");
    CHECK(site.find("nothing.example") == "5.1.2");
    CHECK(site.find("no-such.example") == "5.1.2");
    CHECK(site.find("broken.example") == "4.4.3");
    CHECK(site.find("forged.example") == "4.4.3");
    CHECK(site.find("dead.example") == "5.4.4");
    CHECK(site.find("unsure.example") == "4.4.3");
    CHECK(site.find("[198.51.100.7]") == "[198.51.100.7] 198.51.100.7");
    CHECK(site.find("[ipv6:2001:db8::7]") == "[ipv6:2001:db8::7] 2001:db8::7");
    CHECK(site.find("[strange:7]") == "5.1.3");
}

TEST_CASE("route: an MX list that holds us drops equal and worse preferences") {
    Zone site;
    site.zone().add_mx("b.example", 10, "one.b.example");
    site.zone().add_mx("b.example", 20, "equal.b.example");
    site.zone().add_mx("b.example", 30, "worse.b.example");
    site.zone().add_address("one.b.example", "198.51.100.1");
    site.zone().add_address("equal.b.example", "198.51.100.2");
    site.zone().add_address("worse.b.example", "198.51.100.3");
    SUBCASE("by name") {
        site.zone().add_mx("b.example", 20, "MX.a.example");
    }
    SUBCASE("by address") {
        site.zone().add_mx("b.example", 20, "alias.a.example");
        site.zone().add_address("alias.a.example", "192.0.2.1");
    }
    for (int i = 0; i < 20; ++i) CHECK(site.find("b.example") == "one.b.example 198.51.100.1");
    site.zone().remove("one.b.example");
    site.zone().add_address("one.b.example", "192.0.2.1");
    CHECK(site.find("b.example") == "5.4.6");
}

TEST_CASE("route: a literal of ours loops; under EHLO's name, or IPv4-mapped, we are us too") {
    Zone site;
    site.options.helo_name = "out.a.example";
    CHECK(site.find("[192.0.2.1]") == "5.4.6");
    CHECK(site.find("[ipv6:::ffff:192.0.2.1]") == "5.4.6");
    CHECK(site.find("[0.0.0.0]") == "5.4.6");
    site.zone().add_mx("helo.example", 10, "OUT.a.example");
    site.zone().add_address("out.a.example", "198.51.100.1");
    site.zone().add_mx("host.example", 10, "mx.a.example");
    site.zone().add_address("mx.a.example", "198.51.100.1");
    site.zone().add_mx("mapped.example", 10, "x.mapped.example");
    site.zone().add_address("x.mapped.example", "::ffff:192.0.2.1");
    for (const char* domain : {"helo.example", "host.example", "mapped.example"}) {
        CAPTURE(domain);
        CHECK(site.find(domain) == "5.4.6");
    }
}

TEST_CASE("route: hostile zones meet the limits") {
    Zone site;
    for (int i = 0; i < 200; ++i) {
        const std::string name = "h" + std::to_string(i) + ".b.example";
        site.zone().add_mx("b.example", static_cast<std::uint16_t>(i), name);
        site.zone().add_address(name, "198.51.100." + std::to_string(i));
    }
    Router router(*site.world, site.options);
    const Route route = site.run(router.find("b.example"));
    REQUIRE(route.has_value());
    CHECK(route->size() == hops_max);
    for (int i = 0; i < 200; ++i)
        site.zone().add_mx("c.example", 5, "none" + std::to_string(i) + ".c.example");
    CHECK(site.find("c.example") == "5.4.4");  // exchanges_max hosts, not 400 questions
}

TEST_CASE("route: a smart host is the only hop; what is wrong with it is temporary") {
    Zone site;
    site.options.smart_host =
        SmartHost{.host = "relay.isp.example", .user = {}, .password = {}, .roots_file = {}};
    CHECK(site.find("b.example") == "4.4.4");
    site.zone().add_mx("relay.isp.example", 10, "other.isp.example");
    site.zone().add_address("relay.isp.example", "198.51.100.50");
    CHECK(site.find("b.example") == "relay.isp.example 198.51.100.50");
    CHECK(destination_of(site.options, "b.example") == "relay.isp.example");
    site.options.smart_host->host = "2001:db8::25";
    CHECK(site.find("[192.0.2.99]") == "2001:db8::25 2001:db8::25");
}

}  // namespace heliopost::transport
