#include "checks/dmarc/destination.h"

#include <doctest/doctest.h>

#include "net/memory_world.h"

namespace heliopost::dmarc_check {
namespace {

using namespace std::chrono_literals;

net::Task<void> ask_for(net::World* world, std::string domain, std::vector<dmarc::ReportUri> uris,
                        Destinations* found, int* queries) {
    net::DnsBudget dns(world->resolver(), world->after(20s));
    const PublicSuffixes suffixes = PublicSuffixes::load();
    *found = co_await find_destinations(&dns, &suffixes, std::move(domain), std::move(uris));
    *queries = dns.queries();
}

struct Reporter {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    int queries = 0;

    Destinations find(std::vector<dmarc::ReportUri> uris) {
        Destinations found;
        network.run(world, ask_for(&world, "mail.a.example", std::move(uris), &found, &queries));
        return found;
    }
    std::string one(const std::string& uri) {
        const Destinations found = find({{uri, std::nullopt}});
        return found.allowed.empty() ? "" : smtp::to_string(found.allowed.front().address);
    }
};

}  // namespace

TEST_CASE("destinations: one's own, and who agrees, RFC 7489 §7.1") {
    Reporter it;
    CHECK(it.one("mailto:r@mail.a.example") == "r@mail.a.example");
    CHECK(it.one("MAILTO:r%2Bx@reports.a.example?subject=y") == "r+x@reports.a.example");
    CHECK(it.queries == 0);
    const Destinations refused = it.find({{"mailto:r@c.example", 7}, {"https://c.example/", std::nullopt}});
    CHECK(refused.allowed.empty());
    CHECK(refused.refused ==
          std::vector<std::string>{"r@c.example: c.example does not take reports about mail.a.example",
                                   "https://c.example/: the address is no mailto"});
    CHECK_FALSE(refused.failed);
    it.network.zone().add_txt("mail.a.example._report._dmarc.c.example", "v=DMARC1");
    const Destinations agreed = it.find({{"mailto:r@c.example", 7}});
    REQUIRE(agreed.allowed.size() == 1);
    CHECK(agreed.allowed.front().octets_max == 7U);
    it.network.zone().add_txt("mail.a.example._report._dmarc.d.example",
                              "v=DMARC1; rua=mailto:x@evil.example,mailto:y@d.example");
    CHECK(it.one("mailto:r@d.example") == "y@d.example");
    it.network.zone().set_failing("mail.a.example._report._dmarc.e.example");
    CHECK(it.find({{"mailto:r@e.example", std::nullopt}}).failed);
}

TEST_CASE("destinations: no more questions than addresses that are looked at") {
    Reporter it;
    std::vector<dmarc::ReportUri> uris(dmarc::uris_max + 50, {"mailto:r@c.example", std::nullopt});
    it.find(std::move(uris));
    CHECK(it.queries == static_cast<int>(dmarc::uris_max));
}

TEST_CASE("destinations: what is no mailbox") {
    for (const std::string_view bad :
         {"", "mailto:", "mailto:x", "mailto:x@", "mailto:x@[192.0.2.1]", "mailto:%4@a.example",
          "mailto:%00@a.example", "mailto:a@a.example,b@b.example", "http:a@a.example",
          "mailto:a@a.example%0d%0aX"})
        CHECK_FALSE(parse_mailto(bad).has_value());
    CHECK(parse_mailto("mailto:a@a.example").has_value());
}

}  // namespace heliopost::dmarc_check
