#include "checks/dmarc/destination.h"

#include <doctest/doctest.h>

#include "net/memory_world.h"
#include "net/task_group.h"

namespace heliopost::dmarc_check {
namespace {

using namespace std::chrono_literals;

net::Task<void> ask_for(Inquirer by, std::string domain, std::vector<dmarc::ReportUri> uris,
                        Destinations* found) {
    *found = co_await find_destinations(by, std::move(domain), std::move(uris));
}

struct Reporter {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    net::TaskGroup tasks{world, "questions"};
    const PublicSuffixes suffixes = PublicSuffixes::load();
    int queries = 0;

    ~Reporter() {
        tasks.stop();
        network.finish_turns();
    }
    Destinations find(std::vector<dmarc::ReportUri> uris) {
        Destinations found;
        const Inquirer by{&world, &tasks, &suffixes, world.after(20s)};
        network.run(world, ask_for(by, "mail.a.example", std::move(uris), &found));
        queries = found.queries;
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

TEST_CASE("destinations: no more questions than addresses that are looked at, one a host") {
    Reporter it;
    std::vector<dmarc::ReportUri> uris;
    for (std::size_t i = 0; i < dmarc::uris_max + 50; ++i)
        uris.push_back({"mailto:r@c" + std::to_string(i) + ".example", std::nullopt});
    it.find(std::move(uris));
    CHECK(it.queries == static_cast<int>(dmarc::uris_max));
    CHECK(it.find({{"mailto:r@c.example", {}}, {"mailto:s@c.example", {}}}).refused.size() == 2);
    CHECK(it.queries == 1);
}

TEST_CASE("destinations: one that is silent holds up no other") {
    Reporter it;
    std::vector<dmarc::ReportUri> uris;
    for (std::size_t i = 0; i + 1 < dmarc::uris_max; ++i) {
        const std::string host = "c" + std::to_string(i) + ".example";
        it.network.zone().set_silent("mail.a.example._report._dmarc." + host);
        uris.push_back({"mailto:r@" + host, std::nullopt});
    }
    it.network.zone().add_txt("mail.a.example._report._dmarc.d.example", "v=DMARC1");
    uris.push_back({"mailto:r@d.example", std::nullopt});
    const Instant begin = it.world.tick();
    const Destinations found = it.find(uris);
    CHECK(it.world.tick() - begin <= 20s);  // all of them together
    REQUIRE(found.allowed.size() == 1);
    CHECK(found.allowed[0].address.domain == "d.example");
    CHECK(found.failed);
    REQUIRE(found.refused.size() == dmarc::uris_max - 1);
    CHECK(found.refused[0] == "r@c0.example: c0.example does not answer");
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
