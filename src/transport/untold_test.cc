#include "transport/untold.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "transport/test_site.h"

namespace heliopost::transport {
namespace {

// Destinations that share a host, which refuses whom it is told to.
struct ManyDomains : Site {
    ScriptedServer mx{network, "mx.b.example", {"198.51.100.1"}};
    AccountId ann = add_ann();

    ManyDomains() {
        network.zone().add_address("mx.b.example", "198.51.100.1");
        mx.answer = [](const std::string& line) -> std::optional<std::string> {
            if (line.contains("<no")) return "550 5.1.1 no\r\n";
            if (line.contains("<later")) return "451 4.3.0 later\r\n";
            return std::nullopt;
        };
    }
    void add(const std::string& domain) { network.zone().add_mx(domain, 10, "mx.b.example"); }
};

}  // namespace

TEST_CASE("untold: a message that sixty destinations refuse makes one DSN") {
    ManyDomains site;
    std::vector<std::string> recipients;
    for (int i = 0; i < 60; ++i) {
        const std::string domain = "d" + std::to_string(i) + ".example";
        site.add(domain);
        recipients.push_back("no@" + domain);
    }
    site.start();
    SUBCASE("all at once: there is nothing to wait for") {
        site.submit(recipients);
        REQUIRE(site.until_empty(join_wait / 2));
    }
    SUBCASE("one is delivered, and recorded while the others wait") {
        site.add("e.example");
        recipients.emplace_back("yes@e.example");
        recipients.emplace_back("yes@d0.example");
        const QueueId id = site.submit(recipients);
        REQUIRE(site.until([&] { return site.mx.taken.size() == 2 && site.transport->attempts() == 0; },
                           join_wait / 2));
        CHECK(site.inbox(site.ann).empty());
        std::size_t delivered = 0;
        for (const queue::Recipient& one : site.show(id).recipients)
            delivered += one.state == queue::State::delivered ? 1 : 0;
        CHECK(delivered == 2);
        REQUIRE(site.until_empty(join_wait));
    }
    const auto inbox = site.inbox(site.ann);
    REQUIRE(inbox.size() == 1);
    for (int i = 0; i < 60; ++i)
        CHECK(inbox[0].contains("Final-Recipient: rfc822; no@d" + std::to_string(i) + ".example\r\n"));
    CHECK_FALSE(inbox[0].contains("yes@"));
}

TEST_CASE("untold: what fails later than join_wait is told later, and messages do not mix") {
    ManyDomains site;
    ScriptedServer slow(site.network, "mx.c.example", {"198.51.100.3"});
    slow.answer = site.mx.answer;
    site.network.zone().add_mx("c.example", 10, "mx.c.example");
    site.network.zone().add_address("mx.c.example", "198.51.100.3");
    site.network.set_delay([](const net::MemoryLink& link) { return link.to == "mx.c.example" ? 5s : 1ms; });
    site.add("b.example");
    site.add("d.example");
    site.start();
    site.submit({"no1@b.example", "no2@c.example", "no3@d.example"});
    site.submit({"no4@b.example", "no5@d.example"});
    REQUIRE(site.until_empty(5min));
    const auto inbox = site.inbox(site.ann);
    REQUIRE(inbox.size() == 3);
    for (const std::string& one : inbox) {
        CHECK(one.contains("no1@") == one.contains("no3@"));
        CHECK(one.contains("no4@") == one.contains("no5@"));
        CHECK(one.contains("no1@") + one.contains("no2@") + one.contains("no4@") == 1);
    }
}

TEST_CASE("untold: what waits is told when the transport stops, or tried again where it could not stop") {
    ManyDomains site;
    site.add("b.example");
    site.add("c.example");
    site.start();
    const QueueId id = site.submit({"no@b.example", "later@c.example"});
    REQUIRE(site.until([&] { return site.mx.count("RCPT") == 2 && site.transport->attempts() == 0; }));
    CHECK(site.inbox(site.ann).empty());
    CHECK(site.queue->counts().leased == 1);
    const Time before = site.world->now();
    site.stop();
    CHECK(site.world->now() < before + join_wait / 2);
    CHECK(site.inbox(site.ann).size() == 1);
    const queue::Shown shown = site.show(id);
    REQUIRE(shown.recipients.size() == 2);
    CHECK(shown.recipients[0].state == queue::State::failed);
    CHECK(shown.recipients[1].state == queue::State::pending);
    CHECK(site.queue->counts().leased == 0);
}

TEST_CASE("untold: one DSN tells of joined_recipients_max at most") {
    ManyDomains site;
    site.add("b.example");
    site.start();
    std::vector<std::string> recipients;
    for (std::size_t i = 0; i < joined_recipients_max + 100; ++i)
        recipients.push_back("no" + std::to_string(i) + "@b.example");
    site.submit(recipients);
    REQUIRE(site.until_empty());
    const auto inbox = site.inbox(site.ann);
    REQUIRE(inbox.size() == 2);
    CHECK(std::max(inbox[0].size(), inbox[1].size()) < 1'000'000);
}

TEST_CASE("untold: past untold_max recipients a message does not wait") {
    store::TestHost host;
    AllUntold all(*host.world);
    std::vector<std::shared_ptr<Untold>> waiting;
    const auto add = [&](std::uint64_t id) {
        queue::Entry entry;
        entry.id = QueueId(id);
        entry.recipient_count = 1'000;
        Told told;
        told.lease.entry = std::make_shared<const queue::Entry>(std::move(entry));
        told.lease.recipients.resize(500);
        return all.add(std::move(told));
    };
    for (std::size_t i = 1; i <= untold_max / 500; ++i) {
        waiting.push_back(add(i));
        REQUIRE(waiting.back() != nullptr);
        REQUIRE_FALSE(waiting.back()->ready.is_set());
    }
    const auto past = add(untold_max + 1);
    REQUIRE(past != nullptr);
    CHECK(past->ready.is_set());
    all.remove(waiting.front());
    const auto next = add(untold_max + 2);
    REQUIRE(next != nullptr);
    CHECK_FALSE(next->ready.is_set());
    all.hurry();
    CHECK(next->ready.is_set());
}

}  // namespace heliopost::transport
