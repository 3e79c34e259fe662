#include "checks/message/check.h"

#include <doctest/doctest.h>

#include "base/assert.h"
#include "base/base64.h"
#include "checks/arc/seal.h"
#include "checks/dkim/sign.h"
#include "net/memory_world.h"
#include "net/task_group.h"
#include "proto/results/results.h"

namespace heliopost::message_check {
namespace {

using namespace std::chrono_literals;

const std::string head = "From: Ann <ann@a.example>\r\nTo: bob@b.example\r\nSubject: Hello\r\n";
const std::string text = "Hello, Bob\r\n";

// Reads only.
class OneBlob final : public store::BlobStore {
public:
    explicit OneBlob(std::string octets) : octets_(std::move(octets)) {}
    std::unique_ptr<store::BlobWriter> writer(std::uint64_t) override { return nullptr; }
    net::Task<Result<std::string>> read(store::BlobId, std::uint64_t from, std::uint64_t count) override {
        if (from > octets_.size()) co_return fail(Fault::not_found, "past the end");
        co_return octets_.substr(from, std::min<std::uint64_t>(count, 5));
    }
    net::Task<Result<void>> distrust(store::BlobId) override { co_return Result<void>(); }
    net::Task<Result<Swept>> sweep(Time, size_t) override { co_return Swept{}; }

private:
    std::string octets_;
};

net::Task<void> check_all(Checker checker, std::string message, size_t piece, Verdicts* verdicts) {
    for (size_t at = 0; at < message.size(); at += piece)
        checker.feed(std::string_view(message).substr(at, piece));
    *verdicts = co_await checker.finish();
}

net::Task<void> check_stored(Checker checker, OneBlob* blobs, store::BlobRef ref,
                             Result<Verdicts>* verdicts) {
    *verdicts = co_await check_blob(std::move(checker), blobs, ref);
}

struct Receiver {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    net::TaskGroup tasks{world, "checks"};
    std::shared_ptr<Settings> settings = std::make_shared<Settings>();
    Client client{boost::asio::ip::make_address("192.0.2.7"), "mx.a.example", {"ann", "a.example"}};
    crypto::PrivateKey key = crypto::PrivateKey::make_ed25519().value();
    bool stop_first = false;

    Receiver() {
        settings->server = "mx.b.example";
        auto& zone = network.zone();
        zone.add_ptr("7.2.0.192.in-addr.arpa", "mx.a.example");
        zone.add_address("mx.a.example", "192.0.2.7");
        zone.add_txt("mx.a.example", "v=spf1 a -all");
        zone.add_txt("a.example", "v=spf1 ip4:192.0.2.0/24 -all");
        zone.add_txt("_dmarc.a.example", "v=DMARC1; p=reject");
        publish_key("a.example");
    }
    void publish_key(const std::string& domain) {
        network.zone().add_txt("k._domainkey." + domain,
                               "v=DKIM1; k=ed25519; p=" + to_base64(key.public_octets()));
    }
    static std::string body_hash() {
        dkim_check::BodyHash hash(dkim::Canonicalization::relaxed);
        hash.feed(text);
        return hash.finish();
    }
    std::string signature(const std::string& domain, const std::string& header = head) {
        dkim_check::Signer signer;
        signer.domain = domain;
        signer.selector = "k";
        signer.key = &key;
        return dkim_check::signature_field(signer, header, body_hash(), world.now());
    }
    std::string sealed(const std::string& domain, const std::string& header, arc::Chain chain,
                       const std::string& results) {
        arc_check::Sealer sealer;
        sealer.domain = domain;
        sealer.selector = "k";
        sealer.key = &key;
        return arc_check::seal(sealer, header, body_hash(), chain, results, world.now()).value() + header;
    }
    Checker checker() { return {&world, &tasks, settings, client}; }
    Verdicts check(const std::string& header, const std::string& body = text, size_t piece = 1000) {
        Verdicts verdicts;
        REQUIRE(network.run(world, check_all(checker(), header + "\r\n" + body, piece, &verdicts)));
        return verdicts;
    }
};

}  // namespace

TEST_CASE("message: all verdicts of a good message, in words and as fields") {
    Receiver it;
    const std::string header = it.signature("a.example") + head;
    const Verdicts verdicts = it.check(header);
    const std::string mark = verdicts.dkim.at(0).mark;
    CHECK(verdicts.in_words() ==
          std::vector<std::string>{"iprev pass: 192.0.2.7 is mx.a.example",
                                   "SPF pass: 192.0.2.7 meets \"ip4:192.0.2.0/24\" of a.example",
                                   "DKIM pass: signed by a.example, ed25519-sha256, 256 bits",
                                   "ARC none: nobody has sealed the message",
                                   "DMARC pass: From domain a.example, SPF passed for a.example (aligned), "
                                   "signed by a.example (aligned)"});
    const auto results =
        results::parse_results(verdicts.fields.substr(verdicts.fields.find("Authentication-Results:") + 23));
    REQUIRE(results.has_value());
    CHECK(results->server == "mx.b.example");
    ASSERT(results->methods.size() == 5);
    CHECK(results->methods[0].property("policy", "iprev") == "192.0.2.7");
    CHECK(results->methods[1].property("smtp", "mailfrom") == "ann@a.example");
    CHECK(results->methods[2].property("header", "d") == "a.example");
    CHECK(results->methods[2].property("header", "s") == "k");
    CHECK(results->methods[2].property("header", "a") == "ed25519-sha256");
    CHECK(results->methods[2].property("header", "b") == mark);
    CHECK(results->methods[3].property("header", "from") == "a.example");
    CHECK(results->methods[3].comment == "p=reject dis=none");
    CHECK(results->methods[4].verdict == "none");
    CHECK(verdicts.fields.starts_with("Received-SPF: pass\r\n"));
    CHECK(verdicts.policy() == dmarc::Policy::none);
    for (const size_t piece : {1U, 2U, 3U, 7U})
        CHECK(it.check(header, text, piece).in_words() == verdicts.in_words());
    CHECK(it.tasks.size() == 0);
}

TEST_CASE("message: a forged From fails, whatever else passes") {
    Receiver it;
    it.network.zone().add_txt("bulk.example", "v=spf1 +all");
    it.publish_key("bulk.example");
    it.client.reverse_path = {"x", "bulk.example"};
    const Verdicts verdicts = it.check(it.signature("bulk.example") + head);
    CHECK(dmarc_check::in_words(verdicts.dmarc) ==
          "DMARC fail: From domain a.example, SPF passed for bulk.example, no aligned signature (signed by "
          "bulk.example)");
    CHECK(verdicts.policy() == dmarc::Policy::reject);
    const Verdicts replayed = it.check("From: eve@evil.example\r\n" + it.signature("a.example") + head);
    CHECK(replayed.dmarc.reason == "there are 2 From fields");
    CHECK(replayed.dkim.at(0).verdict == dkim_check::Verdict::fail);  // over-signed
}

TEST_CASE("message: a bounce is judged by its HELO name, RFC 7208 §2.4") {
    Receiver it;
    it.client.reverse_path = {};
    const Verdicts verdicts = it.check("From: x@mx.a.example\r\n");
    CHECK(verdicts.spf_domain == "mx.a.example");
    CHECK(verdicts.spf.verdict == spf_check::Verdict::pass);
    CHECK(verdicts.dmarc.verdict == dmarc_check::Verdict::pass);
    CHECK(verdicts.fields.contains("smtp.helo=mx.a.example"));
    CHECK(verdicts.fields.contains("identity=helo"));
    it.client.helo = "[192.0.2.7]";
    CHECK(it.check("From: x@mx.a.example\r\n").spf.verdict == spf_check::Verdict::none);
}

TEST_CASE("message: a trusted sealer excuses a message that it saw pass, RFC 8617 §7.2.1") {
    Receiver it;
    it.publish_key("lists.example");
    it.publish_key("evil.example");
    it.client.reverse_path = {"x", "lists.example"};
    const std::string pass = "lists.example; dmarc=pass header.from=a.example";
    const std::string forwarded = it.sealed("lists.example", head, arc::Chain::none, pass);
    CHECK_FALSE(it.check(forwarded).excused.has_value());
    it.settings->trusted_sealers = {"lists.example"};
    const Verdicts rescued = it.check(forwarded);
    ASSERT(rescued.excused.has_value());
    CHECK(rescued.excused->reason ==
          "lists.example, which is trusted, found DMARC pass for a.example and sealed it as instance 1");
    CHECK(rescued.dmarc.policy == dmarc::Policy::reject);
    CHECK(rescued.policy() == dmarc::Policy::none);
    CHECK(rescued.fields.contains("dis=none trusted_forwarder"));
    // Behind a sealer that nobody trusts, before one, of another domain, with another From, or broken: no
    // excuse.
    CHECK_FALSE(it.check(it.sealed("evil.example", forwarded, arc::Chain::pass, "x; none")).excused);
    CHECK(it.check(it.sealed("lists.example", forwarded, arc::Chain::pass, "x; none")).excused);
    const std::string made_up = it.sealed("evil.example", head, arc::Chain::none, pass);
    CHECK_FALSE(it.check(it.sealed("lists.example", made_up, arc::Chain::pass, "x; none")).excused);
    CHECK_FALSE(
        it.check(it.sealed("lists.example", head, arc::Chain::none, "x; dmarc=pass header.from=c.example"))
            .excused);
    CHECK_FALSE(it.check(forwarded, "Other\r\n").excused);
}

TEST_CASE("message: a labyrinth of SPF, signatures and seals does not keep DMARC from asking") {
    Receiver it;
    std::string bomb = "v=spf1";
    for (int i = 0; i < 10; ++i) bomb += " mx:m" + std::to_string(i) + ".evil.example";
    for (int i = 0; i < 100; ++i) {
        const std::string exchange = "x" + std::to_string(i) + ".evil.example";
        it.network.zone().add_mx("m" + std::to_string(i / 10) + ".evil.example", 1, exchange);
        it.network.zone().add_address(exchange, "192.0.2.99");
    }
    it.network.zone().add_txt("evil.example", bomb + " -all");
    for (int i = 0; i < 50; ++i)
        it.network.zone().add_ptr("7.2.0.192.in-addr.arpa", "p" + std::to_string(i) + ".evil.example");
    it.client.reverse_path = {"x", "evil.example"};
    it.client.helo = "evil.example";
    std::string header = head;
    for (int i = 0; i < 50; ++i) {
        const std::string domain = "s" + std::to_string(i) + ".evil.example";
        it.publish_key(domain);
        header = it.sealed(domain, header, i == 0 ? arc::Chain::none : arc::Chain::pass, "x; none");
    }
    for (int i = 0; i < 100; ++i) header = it.signature("s" + std::to_string(i) + ".evil.example") + header;
    const Verdicts verdicts = it.check(header);
    CHECK(verdicts.queries <= net::DnsBudget::dns_queries_max);
    CHECK(verdicts.dmarc.verdict == dmarc_check::Verdict::fail);
    CHECK(verdicts.policy() == dmarc::Policy::reject);
    CHECK(verdicts.arc.verdict == arc::Chain::fail);
    CHECK(verdicts.dkim.size() == dkim_check::signatures_max + 1);
    CHECK(verdicts.fields.size() < 10'000);
}

TEST_CASE("message: each check keeps to its share of the questions") {
    for (const int share : {iprev_queries_max, helo_queries_max, spf_queries_max, dkim_queries_max,
                            arc_queries_max, dmarc_queries_max, bimi_queries_max})
        CHECK(share > 0);
    Receiver it;
    std::string record = "v=spf1";
    for (int i = 0; i < 10; ++i) record += " mx:m.a.example";
    for (int i = 0; i < 10; ++i) it.network.zone().add_mx("m.a.example", 1, "mx.c.example");
    it.network.zone().add_address("mx.c.example", "192.0.2.99");
    it.network.zone().remove("a.example");
    it.network.zone().add_txt("a.example", record);
    it.settings->iprev = false;
    it.client.helo = "";
    const Verdicts verdicts = it.check("From: x@c.example\r\n");
    CHECK(verdicts.spf.verdict == spf_check::Verdict::temp_error);
    CHECK(verdicts.queries == spf_queries_max + 2);  // and _dmarc.c.example, _dmarc.example
}

TEST_CASE("message: a bounce's HELO name has the share of MAIL FROM as well") {
    Receiver it;
    std::string record = "v=spf1";
    for (int i = 0; i < helo_queries_max; ++i) {
        record += " a:x" + std::to_string(i) + ".a.example";
        it.network.zone().add_address("x" + std::to_string(i) + ".a.example", "192.0.2.99");
    }
    it.network.zone().remove("mx.a.example");
    it.network.zone().add_txt("mx.a.example", record + " ip4:192.0.2.7");
    CHECK(it.check(head).helo.verdict == spf_check::Verdict::temp_error);
    it.client.reverse_path = {};
    CHECK(it.check(head).spf.verdict == spf_check::Verdict::pass);
}

TEST_CASE("message: a thousand records at each name are not read to their end") {
    Receiver it;
    const std::string header = it.signature("a.example") + head;
    for (int i = 0; i < 1000; ++i) {
        for (const char* name : {"a.example", "_dmarc.a.example", "k._domainkey.a.example", "mx.a.example"})
            it.network.zone().add_txt(name, "v=x" + std::string(1000, 'x'));
        it.network.zone().add_ptr("7.2.0.192.in-addr.arpa", "n" + std::to_string(i) + ".example");
    }
    CHECK(it.check(header).dmarc.verdict == dmarc_check::Verdict::pass);
    it.network.zone().add_txt("a.example", "v=spf1 +all");
    CHECK(it.check(header).spf.verdict == spf_check::Verdict::perm_error);
}

TEST_CASE("message: a DNS that does not answer costs no more than its time") {
    Receiver it;
    it.network.zone().set_latency(60s);
    const Instant begin = it.world.tick();
    const Verdicts verdicts = it.check(it.signature("a.example") + head);
    CHECK(it.world.tick() - begin <= dns_time_max);
    CHECK(it.world.tick() - begin >= evidence_time_max);
    CHECK(verdicts.undecided());
    CHECK(verdicts.spf.verdict == spf_check::Verdict::temp_error);
    it.network.zone().set_latency(3s);  // each check for itself is slow; they run at the same time
    const Instant again = it.world.tick();
    CHECK(it.check(it.signature("a.example") + head).dmarc.verdict == dmarc_check::Verdict::pass);
    CHECK(it.world.tick() - again <= 13s);
}

TEST_CASE("message: odd messages") {
    Receiver it;
    CHECK(it.check("", "").dmarc.reason == "there is no From field");
    CHECK(it.check("", "From: a@a.example\r\n").dmarc.reason == "there is no From field");
    Verdicts verdicts;
    it.network.run(it.world, check_all(it.checker(), "From: a@a.example\r\n", 5, &verdicts));
    CHECK(verdicts.dmarc.author.domain == "a.example");
    it.network.run(it.world, check_all(it.checker(), "", 5, &verdicts));
    CHECK(verdicts.dkim.empty());
    const std::string flood = "X: " + std::string(header_octets_max, 'x') + "\r\n" + head;
    verdicts = it.check(flood, text, 100'000);
    CHECK(verdicts.dmarc.verdict == dmarc_check::Verdict::perm_error);
    CHECK(verdicts.dmarc.reason == "the header is too long to be judged");
    CHECK(verdicts.spf.verdict == spf_check::Verdict::pass);
}

TEST_CASE("message: the same for a blob") {
    Receiver it;
    const std::string message = it.signature("a.example") + head + "\r\n" + text;
    OneBlob blobs(message);
    Result<Verdicts> verdicts;
    it.network.run(it.world, check_stored(it.checker(), &blobs, {{}, message.size(), ""}, &verdicts));
    REQUIRE(verdicts.has_value());
    CHECK(verdicts->dmarc.verdict == dmarc_check::Verdict::pass);
    it.network.run(it.world, check_stored(it.checker(), &blobs, {{}, message.size() + 1, ""}, &verdicts));
    CHECK_FALSE(verdicts.has_value());
}

TEST_CASE("message: a logo for mail that passed") {
    Receiver it;
    it.settings->bimi = true;
    it.network.zone().add_txt("default._bimi.a.example", "v=BIMI1; l=https://a.example/a.svg");
    const Verdicts verdicts = it.check(it.signature("a.example") + head);
    const auto& bimi = verdicts.bimi;
    ASSERT(bimi.has_value());
    CHECK(bimi->record.logo == "https://a.example/a.svg");
    CHECK(verdicts.in_words().back() == "BIMI pass: a.example has a logo: https://a.example/a.svg");
    CHECK(verdicts.fields.find("bimi=pass") != std::string::npos);
    CHECK(verdicts.fields.find("header.selector=default") != std::string::npos);
    it.settings->bimi = false;
    CHECK_FALSE(it.check(it.signature("a.example") + head).bimi.has_value());
}

TEST_CASE("message: a stopped group ends the checks") {
    Receiver it;
    it.network.zone().set_latency(5s);
    Verdicts verdicts;
    CHECK_FALSE(it.network.run(it.world, check_all(it.checker(), head + "\r\n", 100, &verdicts), 1s));
    CHECK(it.tasks.size() > 0);  // they end by themselves
    it.network.run_for(20s);
    CHECK(it.tasks.size() == 0);
    it.tasks.stop();
    CHECK_THROWS_AS(it.network.run(it.world, check_all(it.checker(), head + "\r\n", 100, &verdicts)),
                    net::Stopped);
}

}  // namespace heliopost::message_check
