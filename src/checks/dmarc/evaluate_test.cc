#include "checks/dmarc/evaluate.h"

#include <doctest/doctest.h>

#include "base/assert.h"
#include "net/memory_world.h"

namespace heliopost::dmarc_check {
namespace {

using namespace std::chrono_literals;
using dmarc::Policy;

net::Task<void> ask(net::World* world, std::string header, Evidence evidence, Options options, Answer* answer,
                    int* queries) {
    net::DnsBudget dns(world->resolver(), world->after(20s));
    *answer = co_await evaluate(&dns, dmarc::read_author(header), std::move(evidence), options);
    *queries = dns.queries();
}

const PublicSuffixes& suffixes() {
    static const PublicSuffixes list = PublicSuffixes::load();
    return list;
}

dkim_check::SignatureVerdict signature(std::string domain,
                                       dkim_check::Verdict verdict = dkim_check::Verdict::pass) {
    dkim_check::SignatureVerdict out;
    out.domain = std::move(domain);
    out.verdict = verdict;
    return out;
}

Evidence spf_pass(std::string domain) {
    return {spf_check::Verdict::pass, std::move(domain), {}};
}

Evidence signed_by(std::string domain, dkim_check::Verdict verdict = dkim_check::Verdict::pass) {
    return {spf_check::Verdict::none, "", {signature(std::move(domain), verdict)}};
}

struct Receiver {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    Options options;
    int queries = 0;

    void publish(std::string_view domain, std::string_view record) {
        const std::string name = "_dmarc." + std::string(domain);
        network.zone().remove(name);
        network.zone().add_txt(name, record);
    }
    Answer of_header(const std::string& header, Evidence evidence = {}) {
        Answer answer;
        network.run(world, ask(&world, header, std::move(evidence), options, &answer, &queries));
        return answer;
    }
    Answer of(const std::string& domain, Evidence evidence = {}) {
        return of_header("From: Ann <ann@" + domain + ">\r\n", std::move(evidence));
    }
    std::string verdict(const std::string& domain, Evidence evidence = {}) {
        return std::string(name_of(of(domain, std::move(evidence)).verdict));
    }
};

}  // namespace

TEST_CASE("dmarc: verdicts and their words") {
    Receiver it;
    it.publish("bank.example", "v=DMARC1; p=reject");
    const Answer fail = it.of("bank.example", {spf_check::Verdict::pass, "bulk.example", {}});
    CHECK(in_words(fail) ==
          "DMARC fail: From domain bank.example, SPF passed for bulk.example, no signature");
    CHECK(fail.policy == Policy::reject);
    CHECK(fail.policy_tag == "p");
    const Answer other = it.of("bank.example", signed_by("bulk.example"));
    CHECK(other.reason ==
          "From domain bank.example, SPF none for no domain, no aligned signature (signed by bulk.example)");
    const Answer pass = it.of("mail.bank.example", signed_by("bank.example"));
    CHECK(in_words(pass) ==
          "DMARC pass: From domain mail.bank.example, SPF none for no domain, signed by bank.example "
          "(aligned)");
    CHECK(pass.policy == Policy::none);
    CHECK(pass.published == Policy::reject);
    CHECK(it.of("none.example").reason == "none.example publishes no DMARC record");
    CHECK(it.of("bank.example", signed_by("bank.example", dkim_check::Verdict::fail)).reason ==
          "From domain bank.example, SPF none for no domain, no good signature");
}

TEST_CASE("dmarc: alignment, relaxed and strict, RFC 9989 §4.4") {
    Receiver it;
    struct Case {
        std::string_view record, from, other, spf, dkim;
    };
    const Case cases[] = {
        {"v=DMARC1", "a.example", "a.example", "pass", "pass"},
        {"v=DMARC1", "a.example", "A.EXAMPLE", "pass", "pass"},
        {"v=DMARC1", "a.example", "mail.a.example", "pass", "pass"},
        {"v=DMARC1", "m.a.example", "n.a.example", "pass", "pass"},
        {"v=DMARC1; aspf=s", "a.example", "mail.a.example", "fail", "pass"},
        {"v=DMARC1; adkim=s", "a.example", "mail.a.example", "pass", "fail"},
        {"v=DMARC1; adkim=s; aspf=s", "a.example", "a.example", "pass", "pass"},
        {"v=DMARC1", "a.example", "xa.example", "fail", "fail"},
        {"v=DMARC1", "a.example", "example", "fail", "fail"},
        {"v=DMARC1", "a.example", "", "fail", "fail"},
    };
    for (const auto& [record, from, other, spf, dkim] : cases) {
        CAPTURE(record);
        CAPTURE(other);
        it.publish("a.example", record);
        CHECK(it.verdict(std::string(from), spf_pass(std::string(other))) == spf);
        CHECK(it.verdict(std::string(from), signed_by(std::string(other))) == dkim);
    }
    it.publish("xn--kln-sna.example", "v=DMARC1; p=reject");
    CHECK(it.verdict("k\xc3\xb6ln.example", signed_by("xn--kln-sna.example")) == "pass");
    CHECK(it.verdict("k\xc3\xb6ln.example", signed_by("k\xc3\xb6ln.example")) == "pass");
}

TEST_CASE("dmarc: which names a walk asks, RFC 9989 §4.10") {
    CHECK(walked_names("a.mail.example.com") ==
          std::vector<std::string>{"a.mail.example.com", "mail.example.com", "example.com", "com"});
    const auto deep = walked_names("a.b.c.d.e.f.g.h.i.j.mail.example.com");
    CHECK(deep.size() == queries_max);
    CHECK(deep.at(1) == "g.h.i.j.mail.example.com");
    CHECK(deep.back() == "com");
    CHECK(walked_names("a.b.c.d.e.f.g.h").size() == queries_max);
    CHECK(walked_names("com") == std::vector<std::string>{"com"});
    CHECK(walked_names("").empty());
    Receiver it;
    CHECK(it.verdict("a.b.c.d.e.f.g.h.i.j.mail.example.com") == "none");
    CHECK(it.queries == static_cast<int>(queries_max));
}

TEST_CASE("dmarc: the organisation by the tree walk, RFC 9989 §4.10.2") {
    Receiver it;
    it.publish("mail.a.example", "v=DMARC1; p=none");
    it.publish("a.example", "v=DMARC1; p=reject");
    CHECK(it.of("x.mail.a.example").organisation == "a.example");
    CHECK(it.of("x.mail.a.example").policy_domain == "a.example");
    CHECK(it.of("mail.a.example").policy_domain == "mail.a.example");
    it.publish("mail.a.example", "v=DMARC1; p=none; psd=n");
    CHECK(it.of("x.mail.a.example").organisation == "mail.a.example");
    CHECK(it.verdict("x.mail.a.example", signed_by("a.example")) == "fail");
    CHECK(it.verdict("x.mail.a.example", signed_by("y.mail.a.example")) == "pass");
    it.publish("example", "v=DMARC1; p=quarantine; psd=y; np=reject");
    CHECK(it.of("x.b.example").organisation == "b.example");
    CHECK(it.of("x.b.example").policy_domain == "example");
    CHECK(it.verdict("x.b.example", signed_by("y.b.example")) == "pass");
    CHECK(it.verdict("x.b.example", signed_by("y.c.example")) == "fail");
    CHECK(it.of("example").organisation == "example");
    // Several records at a name are none, and the walk goes on.
    it.publish("d.example", "v=DMARC1; p=none");
    it.network.zone().add_txt("_dmarc.d.example", "v=DMARC1; p=none");
    it.network.zone().add_txt("_dmarc.d.example", "v=spf1 -all");
    CHECK(it.of("d.example").policy_domain == "example");
}

TEST_CASE("dmarc: a registry that forgets psd= makes no organisation of its customers") {
    Receiver it;
    it.publish("com", "v=DMARC1; p=none");
    CHECK(it.verdict("a.com", signed_by("b.com")) == "pass");  // as RFC 9989 has it
    it.options.suffixes = &suffixes();
    CHECK(it.verdict("a.com", signed_by("b.com")) == "fail");
    CHECK(it.verdict("x.a.com", signed_by("y.a.com")) == "pass");
    CHECK(it.of("a.com").policy_domain == "com");
}

TEST_CASE("dmarc: the organisation by the public suffix list, RFC 7489 §3.2") {
    Receiver it;
    it.options = {Discovery::public_suffix, &suffixes(), 0};
    it.publish("a.co.uk", "v=DMARC1; p=reject; sp=quarantine");
    CHECK(it.of("x.y.a.co.uk").policy_domain == "a.co.uk");
    CHECK(it.of("x.y.a.co.uk").policy == Policy::quarantine);
    CHECK(it.queries == 2);
    CHECK(it.verdict("x.a.co.uk", signed_by("y.a.co.uk")) == "pass");
    CHECK(it.verdict("x.a.co.uk", signed_by("b.co.uk")) == "fail");
    it.publish("co.uk", "v=DMARC1; p=reject");
    CHECK(it.verdict("b.co.uk", signed_by("c.co.uk")) == "none");
    CHECK(it.of("co.uk").policy_domain == "co.uk");
}

TEST_CASE("dmarc: sp= and np=, for names below the record's, RFC 9989 §4.7") {
    Receiver it;
    it.publish("a.example", "v=DMARC1; p=reject; sp=none; np=quarantine");
    it.network.zone().add_address("there.a.example", "192.0.2.9");
    const Answer there = it.of("there.a.example");
    CHECK(there.policy_tag == "sp");
    CHECK(there.policy == Policy::none);
    const Answer missing = it.of("missing.a.example");
    CHECK(missing.policy_tag == "np");
    CHECK(missing.policy == Policy::quarantine);
    CHECK(it.of("a.example").policy == Policy::reject);
    it.publish("a.example", "v=DMARC1; p=reject");
    CHECK(it.of("missing.a.example").policy == Policy::reject);
    it.publish("a.example", "v=DMARC1; p=reject; sp=quarantine");
    CHECK(it.of("missing.a.example").policy_tag == "sp");
}

TEST_CASE("dmarc: t= and pct= soften, RFC 9989 §4.7, RFC 7489 §6.6.4") {
    Receiver it;
    struct Case {
        std::string_view record;
        unsigned lot;
        Policy policy;
    };
    const Case cases[] = {
        {"v=DMARC1; p=reject; t=y", 0, Policy::quarantine},
        {"v=DMARC1; p=quarantine; t=y", 0, Policy::none},
        {"v=DMARC1; p=reject; pct=0", 0, Policy::quarantine},
        {"v=DMARC1; p=reject; pct=10", 9, Policy::reject},
        {"v=DMARC1; p=reject; pct=10", 10, Policy::quarantine},
        {"v=DMARC1; p=reject; pct=100", 99, Policy::reject},
    };
    for (const auto& [record, lot, policy] : cases) {
        CAPTURE(record);
        it.publish("a.example", record);
        it.options.lot = lot;
        const Answer answer = it.of("a.example");
        CHECK(dmarc::name_of(answer.policy) == dmarc::name_of(policy));
        CHECK(answer.softened == (answer.policy != answer.published));
    }
}

TEST_CASE("dmarc: what the DNS does not answer is no failure, RFC 9989 §5.3") {
    Receiver it;
    it.publish("a.example", "v=DMARC1; p=reject");
    using Dkim = dkim_check::Verdict;
    CHECK(it.verdict("a.example", signed_by("a.example", Dkim::temp_error)) == "temperror");
    CHECK(it.verdict("a.example", signed_by("b.example", Dkim::temp_error)) == "fail");
    CHECK(it.verdict("a.example", {spf_check::Verdict::temp_error, "a.example", {}}) == "temperror");
    CHECK(it.of("a.example", {spf_check::Verdict::temp_error, "a.example", {}}).policy == Policy::none);
    CHECK(it.verdict("a.example", {spf_check::Verdict::temp_error, "b.example", {signature("a.example")}}) ==
          "pass");
    it.network.zone().set_failing("_dmarc.example");
    CHECK(it.verdict("x.b.example") == "temperror");
    CHECK(it.verdict("a.example") == "fail");
    CHECK(it.verdict("a.example", signed_by("b.example")) == "temperror");  // one organisation, perhaps
    it.network.zone().set_bogus("_dmarc.a.example");
    CHECK(it.of("a.example").reason == "the DNS did not answer for the DMARC record of a.example");
}

TEST_CASE("dmarc: a subdomain that does not answer leaves the organisation's policy in force") {
    for (const Discovery discovery : {Discovery::tree_walk, Discovery::public_suffix}) {
        Receiver it;
        it.options = {discovery, &suffixes(), 0};
        it.publish("a.example", "v=DMARC1; p=none; sp=reject");
        it.network.zone().set_failing("_dmarc.s.a.example");
        const Answer answer = it.of("s.a.example");
        CHECK(name_of(answer.verdict) == "temperror");
        CHECK(answer.policy_domain == "a.example");
        REQUIRE(answer.record.has_value());
        CHECK(answer.policy_tag == "sp");
        CHECK(answer.published == Policy::reject);
        CHECK(it.verdict("s.a.example", spf_pass("evil.example")) == "temperror");
        // What any record would let pass needs none; whether its own is strict nobody knows.
        CHECK(it.verdict("s.a.example", signed_by("s.a.example")) == "pass");
        CHECK(it.verdict("s.a.example", signed_by("a.example")) == "temperror");
        CHECK(it.verdict("s.b.example") == "none");
    }
    Receiver it;  // one between them
    it.publish("a.example", "v=DMARC1; p=reject");
    it.network.zone().set_failing("_dmarc.s.a.example");
    CHECK(it.of("x.s.a.example").published == Policy::reject);
    CHECK(it.verdict("x.s.a.example") == "temperror");
    CHECK(it.verdict("x.s.a.example", signed_by("a.example")) == "pass");
}

TEST_CASE("dmarc: below a suffix of two labels nobody speaks for others") {
    Receiver it;
    it.options.suffixes = &suffixes();
    for (const std::string_view record : {"v=DMARC1; p=reject", "v=DMARC1; p=reject; psd=y"}) {
        CAPTURE(record);
        it.publish("uk", record);
        CHECK(it.of("victim.co.uk").organisation == "victim.co.uk");
        CHECK(it.verdict("victim.co.uk", signed_by("attacker.co.uk")) == "fail");
        CHECK(it.verdict("victim.co.uk", spf_pass("attacker.co.uk")) == "fail");
        CHECK(it.verdict("x.victim.co.uk", signed_by("y.victim.co.uk")) == "pass");
        CHECK(it.of("co.uk").organisation == "co.uk");
        CHECK(it.verdict("victim.uk", signed_by("x.victim.uk")) == "pass");
    }
}

TEST_CASE("dmarc: a record that is wrong, and a From that has no author") {
    Receiver it;
    it.publish("a.example", "v=DMARC1; p=rejekt");
    const Answer wrong = it.of("a.example");
    CHECK(in_words(wrong) ==
          "DMARC permerror: the DMARC record of a.example is wrong: the policy cannot be read");
    it.publish("a.example", "v=DMARC1; p=reject");
    const Answer two =
        it.of_header("From: a@a.example\r\nFrom: b@evil.example\r\n", signed_by("evil.example"));
    CHECK(in_words(two) == "DMARC permerror: there are 2 From fields");
    CHECK(it.queries == 0);
    // A literal has no record, and need not be an address: "[bank.example]" shows the bank.
    CHECK(it.of_header("From: a@[192.0.2.1]\r\n").verdict == Verdict::perm_error);
    CHECK(it.of_header("From: ceo@[a.example]\r\n").verdict == Verdict::perm_error);
}

TEST_CASE("dmarc: a flood of signatures of others costs no queries") {
    Receiver it;
    it.publish("a.example", "v=DMARC1; p=reject");
    Evidence evidence;
    for (int i = 0; i < 100; ++i)
        evidence.signatures.push_back(signature("x" + std::to_string(i) + ".b.example"));
    CHECK(it.verdict("a.example", evidence) == "fail");
    CHECK(it.queries == 2);
    for (int i = 0; i < 100; ++i)
        evidence.signatures.push_back(signature("1.2.3.4.5.6.7.x" + std::to_string(i) + ".a.example"));
    CHECK(it.verdict("a.example", evidence) == "pass");
}

TEST_CASE("dmarc: a heap of TXT records is not read to its end") {
    Receiver it;
    for (size_t i = 1; i < records_looked_at_max; ++i)
        it.network.zone().add_txt("_dmarc.a.example", std::string(60'000, 'x'));
    it.network.zone().add_txt("_dmarc.a.example", "v=DMARC1; p=reject");
    CHECK(it.verdict("a.example") == "fail");
    it.network.zone().remove("_dmarc.a.example");
    for (size_t i = 0; i < records_looked_at_max; ++i) it.network.zone().add_txt("_dmarc.a.example", "x");
    it.network.zone().add_txt("_dmarc.a.example", "v=DMARC1; p=reject");
    CHECK(it.verdict("a.example") == "none");
}

}  // namespace heliopost::dmarc_check
