#include "checks/spf/check_host.h"

#include <doctest/doctest.h>

#include <string>

#include "net/memory_world.h"

namespace heliopost::spf_check {
namespace {

using namespace std::chrono_literals;

net::Task<void> ask(net::World* world, Question question, Answer* answer, int* queries) {
    net::DnsBudget dns(world->resolver(), world->after(20s));
    *answer = co_await check_host(world, &dns, std::move(question));
    *queries = dns.queries();
}

struct Domain {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    int queries = 0;

    Answer check(std::string_view client, std::string domain = "a.example") {
        Answer answer;
        network.run(world, ask(&world,
                               {.client = boost::asio::ip::make_address(std::string(client)),
                                .helo = "mx.a.example",
                                .local_part = "ann",
                                .domain = std::move(domain),
                                .receiver = "mx.b.example"},
                               &answer, &queries));
        return answer;
    }
};

}  // namespace

TEST_CASE("check_host: verdicts and their reasons") {
    Domain it;
    it.network.zone().add_txt("a.example", "v=spf1 ip4:192.0.2.0/24 ~all");
    const Answer pass = it.check("192.0.2.7");
    CHECK(pass.verdict == Verdict::pass);
    CHECK(pass.mechanism == "ip4:192.0.2.0/24");
    CHECK(pass.reason == "192.0.2.7 meets \"ip4:192.0.2.0/24\" of a.example");
    CHECK(it.check("::ffff:192.0.2.7").verdict == Verdict::pass);
    CHECK(it.check("198.51.100.1").verdict == Verdict::soft_fail);
    CHECK(it.check("198.51.100.1", "none.example").verdict == Verdict::none);
    CHECK(it.check("198.51.100.1", "none.example").reason == "none.example publishes no SPF record");
    it.network.zone().set_failing("a.example");
    CHECK(it.check("192.0.2.7").verdict == Verdict::temp_error);
    it.network.zone().set_failing("a.example", false);
    it.network.zone().set_bogus("a.example");
    CHECK(it.check("192.0.2.7").verdict == Verdict::temp_error);
    CHECK(name_of(Verdict::perm_error) == "permerror");
}

TEST_CASE("check_host: the domain's explanation of a fail, RFC 7208 §6.2") {
    Domain it;
    it.network.zone().add_txt("a.example", "v=spf1 -all exp=why.a.example");
    it.network.zone().add_txt("why.a.example", "%{i} is none of ours, %{s}");
    CHECK(it.check("198.51.100.1").explanation == "198.51.100.1 is none of ours, ann@a.example");
    it.network.zone().remove("why.a.example");
    it.network.zone().add_txt("why.a.example", std::string(60'000, 'x'));
    CHECK(it.check("198.51.100.1").explanation.size() == reason_octets_max);
    it.network.zone().add_txt("why.a.example", "a second text");
    CHECK(it.check("198.51.100.1").explanation.empty());
    CHECK(it.check("198.51.100.1").verdict == Verdict::fail);
}

TEST_CASE("check_host: ten lookups and no eleventh, RFC 7208 §4.6.4") {
    for (const int links : {lookups_max, lookups_max + 1}) {
        Domain it;
        for (int i = 0; i < links; ++i)
            it.network.zone().add_txt(i == 0 ? "a.example" : "l" + std::to_string(i) + ".example",
                                      "v=spf1 include:l" + std::to_string(i + 1) + ".example -all");
        it.network.zone().add_txt("l" + std::to_string(links) + ".example", "v=spf1 +all");
        CHECK(it.check("192.0.2.7").verdict == (links == lookups_max ? Verdict::pass : Verdict::perm_error));
    }
    Domain circle;
    circle.network.zone().add_txt("a.example", "v=spf1 redirect=a.example");
    CHECK(circle.check("192.0.2.7").verdict == Verdict::perm_error);
    CHECK(circle.queries == lookups_max + 1);
}

TEST_CASE("check_host: two answers without a record and no third") {
    Domain it;
    it.network.zone().add_txt("a.example", "v=spf1 a:x.none.example a:y.none.example +all");
    CHECK(it.check("192.0.2.7").verdict == Verdict::pass);
    it.network.zone().remove("a.example");
    it.network.zone().add_txt("a.example", "v=spf1 a:x.none.example a:y.none.example a:z.none.example +all");
    CHECK(it.check("192.0.2.7").verdict == Verdict::perm_error);  // past void_lookups_max
}

TEST_CASE("check_host: ten names of an MX and no eleventh, and as many of a PTR") {
    Domain it;
    it.network.zone().add_txt("a.example", "v=spf1 mx -all");
    for (size_t i = 0; i < names_max; ++i) {
        const std::string name = "mx" + std::to_string(i) + ".a.example";
        it.network.zone().add_mx("a.example", 10, name);
        it.network.zone().add_address(name, "192.0.2." + std::to_string(10 + i));
    }
    CHECK(it.check("192.0.2.19").verdict == Verdict::pass);
    it.network.zone().add_mx("a.example", 10, "mx99.a.example");
    CHECK(it.check("192.0.2.19").verdict == Verdict::perm_error);

    it.network.zone().add_txt("p.example", "v=spf1 ptr -all");
    for (size_t i = 0; i < names_max; ++i)
        it.network.zone().add_ptr("7.2.0.192.in-addr.arpa", "x" + std::to_string(i) + ".other.example");
    it.network.zone().add_ptr("7.2.0.192.in-addr.arpa", "mx.p.example");  // the eleventh is not looked at
    it.network.zone().add_address("mx.p.example", "192.0.2.7");
    CHECK(it.check("192.0.2.7", "p.example").verdict == Verdict::fail);
    it.network.zone().remove("7.2.0.192.in-addr.arpa");
    it.network.zone().add_ptr("7.2.0.192.in-addr.arpa", "mx.p.example");
    CHECK(it.check("192.0.2.7", "p.example").verdict == Verdict::pass);
}

TEST_CASE("check_host: a long record makes no long reason") {
    Domain it;
    const std::string longest(60'000, 'x');
    it.network.zone().add_txt("a.example", "v=spf1 exists:" + longest + "%{d} -all");
    it.network.zone().add_txt("b.example", "v=spf1 include:" + longest + "%{d} -all");
    it.network.zone().add_txt("c.example", "v=spf1 redirect=" + longest + "%{d}");
    it.network.zone().add_txt("d.example", "v=spf1 -exists:" + longest + ".e.example");
    it.network.zone().add_address("e.example", "127.0.0.1");
    for (const std::string domain : {"a.example", "b.example", "c.example", "d.example"}) {
        const Answer answer = it.check("192.0.2.7", domain);
        CAPTURE(domain);
        CHECK(answer.reason.size() <= reason_octets_max);
        CHECK(answer.mechanism.size() <= mechanism_octets_max);
    }
    CHECK(it.check("192.0.2.7", "d.example").verdict == Verdict::fail);
    CHECK(it.check("192.0.2.7", "d.example").mechanism.ends_with("..."));
}

TEST_CASE("check_host: names that are none are asked of nobody") {
    Domain it;
    for (const std::string_view bad : {"", "localhost", "[192.0.2.1]", "a..example", "a\\.example"}) {
        CHECK(it.check("192.0.2.7", std::string(bad)).verdict == Verdict::none);
        CHECK(it.queries == 0);
    }
    it.network.zone().add_txt(
        "a.example",
        "v=spf1 exists:%{l}.%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}"
        "%{l}%{l}%{l}%{l}%{l}%{l}%{l}.example -all");
    CHECK(it.check("192.0.2.7").verdict == Verdict::fail);
    CHECK(it.queries == 1);
}

}  // namespace heliopost::spf_check
