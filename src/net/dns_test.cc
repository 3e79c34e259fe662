#include "net/dns.h"

#include <doctest/doctest.h>

#include "net/test_loop.h"

using namespace std::chrono_literals;

namespace heliopost::net {

TEST_CASE("DNS: the budget of one message ends") {
    class Counting : public Resolver {
    public:
        int asked = 0;
        Task<DnsAnswer> query(std::string /*name*/, RecordType /*type*/, Deadline /*deadline*/) override {
            ++asked;
            co_return DnsAnswer{.status = DnsAnswer::Status::no_name};
        }
    };
    TestLoop loop;
    Counting counting;
    loop.run([](World* world, Resolver* resolver) -> Task<void> {
        DnsBudget budget(*resolver, world->after(20s));
        for (int i = 0; i < DnsBudget::dns_queries_max; ++i) {
            const DnsAnswer answer = co_await budget.query("a.example", RecordType::a);
            CHECK(answer.status == DnsAnswer::Status::no_name);
        }
        const DnsAnswer past = co_await budget.query("a.example", RecordType::a);
        CHECK(past.status == DnsAnswer::Status::failed);
    }(&loop.world, &counting));
    CHECK(counting.asked == DnsBudget::dns_queries_max);
}

}  // namespace heliopost::net
