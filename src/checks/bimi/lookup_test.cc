#include "checks/bimi/lookup.h"

#include <doctest/doctest.h>

#include "net/memory_world.h"

namespace heliopost::bimi_check {
namespace {

using namespace std::chrono_literals;

net::Task<void> ask(net::World* world, std::string header, dmarc_check::Answer dmarc, Answer* answer) {
    net::DnsBudget dns(world->resolver(), world->after(20s));
    *answer = co_await look_up(&dns, std::move(header), std::move(dmarc));
}

struct Reader {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    dmarc_check::Answer dmarc;

    Reader() {
        dmarc.verdict = dmarc_check::Verdict::pass;
        dmarc.author.domain = "mail.a.example";
        dmarc.organisation = "a.example";
        dmarc.record.emplace();
        dmarc.published = dmarc::Policy::reject;
    }
    Answer look(const std::string& header = "") {
        Answer answer;
        network.run(world, ask(&world, header, dmarc, &answer));
        return answer;
    }
};

}  // namespace

TEST_CASE("bimi: the author's record, else its organisation's") {
    Reader it;
    CHECK(it.look().verdict == Verdict::none);
    it.network.zone().add_txt("default._bimi.a.example", "v=BIMI1; l=https://a.example/a.svg");
    CHECK(it.look().record.logo == "https://a.example/a.svg");
    CHECK(it.look().domain == "a.example");
    it.network.zone().add_txt("default._bimi.mail.a.example", "v=BIMI1; l=; a=");
    CHECK(name_of(it.look().verdict) == "declined");
    it.network.zone().add_txt("brand._bimi.mail.a.example", "v=BIMI1; l=https://a.example/b.svg");
    CHECK(it.look("BIMI-Selector: v=BIMI1; s=brand\r\n").record.logo == "https://a.example/b.svg");
    CHECK(it.look("BIMI-Selector: v=BIMI1; s=a.b\r\n").verdict == Verdict::declined);
    it.network.zone().add_txt("default._bimi.mail.a.example", "v=BIMI1; l=https://x");
    CHECK(it.look().reason == "there are several records");
    it.network.zone().set_failing("default._bimi.mail.a.example");
    CHECK(it.look().verdict == Verdict::temp_error);
}

TEST_CASE("bimi: no logo for a name that others may use") {
    Reader it;
    it.network.zone().add_txt("default._bimi.a.example", "v=BIMI1; l=https://a.example/a.svg");
    it.dmarc.published = dmarc::Policy::none;
    CHECK(it.look().reason == "the DMARC policy is not enforced");
    it.dmarc.published = dmarc::Policy::reject;
    it.dmarc.author.warnings = {"the name shows the domain bank.example"};
    CHECK(it.look().verdict == Verdict::skipped);
    it.dmarc.author.warnings.clear();
    it.dmarc.verdict = dmarc_check::Verdict::fail;
    CHECK(it.look().reason == "DMARC did not pass");
}

}  // namespace heliopost::bimi_check
