#include "checks/iprev/iprev.h"

#include <doctest/doctest.h>

#include "net/memory_world.h"

namespace heliopost::iprev_check {
namespace {

using namespace std::chrono_literals;

net::Task<void> ask(net::World* world, net::IpAddress client, Answer* answer, int* queries) {
    net::DnsBudget dns(world->resolver(), world->after(20s));
    *answer = co_await check_name(&dns, client);
    *queries = dns.queries();
}

struct Host {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    int queries = 0;

    Answer check(const std::string& client) {
        Answer answer;
        network.run(world, ask(&world, boost::asio::ip::make_address(client), &answer, &queries));
        return answer;
    }
};

}  // namespace

TEST_CASE("iprev: verdicts and reasons, RFC 8601 §2.7.3") {
    Host it;
    CHECK(it.check("192.0.2.7").reason == "192.0.2.7 has no name");
    CHECK(it.check("192.0.2.7").verdict == Verdict::perm_error);
    it.network.zone().add_ptr("7.2.0.192.in-addr.arpa", "mx.a.example");
    CHECK(it.check("192.0.2.7").reason == "mx.a.example is not at 192.0.2.7");
    CHECK(name_of(it.check("192.0.2.7").verdict) == "fail");
    it.network.zone().add_address("mx.a.example", "192.0.2.7");
    CHECK(it.check("192.0.2.7").verdict == Verdict::pass);
    CHECK(it.check("::ffff:192.0.2.7").name == "mx.a.example");
    it.network.zone().set_failing("mx.a.example");
    CHECK(it.check("192.0.2.7").verdict == Verdict::temp_error);
    it.network.zone().set_failing("7.2.0.192.in-addr.arpa");
    CHECK(it.check("192.0.2.7").reason == "the DNS did not answer for the name of 192.0.2.7");
    it.network.zone().add_ptr("7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
                              "six.example");
    it.network.zone().add_address("six.example", "2001:db8::7");
    CHECK(it.check("2001:db8::7").verdict == Verdict::pass);
}

TEST_CASE("iprev: names past names_max are not looked at") {
    Host it;
    for (size_t i = 0; i < names_max + 100; ++i)
        it.network.zone().add_ptr("7.2.0.192.in-addr.arpa", "n" + std::to_string(i) + ".example");
    it.network.zone().add_address("n" + std::to_string(names_max) + ".example", "192.0.2.7");
    CHECK(it.check("192.0.2.7").verdict == Verdict::fail);
    CHECK(it.queries == 1 + static_cast<int>(names_max));
    it.network.zone().add_address("n" + std::to_string(names_max - 1) + ".example", "192.0.2.7");
    CHECK(it.check("192.0.2.7").verdict == Verdict::pass);
}

}  // namespace heliopost::iprev_check
