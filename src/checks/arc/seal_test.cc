#include "checks/arc/seal.h"

#include <doctest/doctest.h>

#include "base/assert.h"
#include "base/base64.h"
#include "checks/arc/verify.h"
#include "net/memory_world.h"

namespace heliopost::arc_check {
namespace {

using namespace std::chrono_literals;

const std::string head = "From: Ann <ann@a.example>\r\nTo: bob@b.example\r\nSubject: Hello\r\n";
const std::string text = "Hello,  Bob \r\nhow are you?\r\n\r\n";
const Time now{std::chrono::seconds(1'700'000'000)};

net::Task<void> ask(net::World* world, std::string header, std::string body, Answer* answer) {
    net::DnsBudget dns(world->resolver(), world->after(20s));
    Verifier verifier(std::move(header));
    verifier.feed(body);
    *answer = co_await verifier.finish(&dns);
}

// Two hops, with a key of each kind.
struct Hops {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    crypto::PrivateKey rsa = crypto::PrivateKey::make_rsa(2048).value();
    crypto::PrivateKey ed25519 = crypto::PrivateKey::make_ed25519().value();

    Hops() {
        publish(rsa, "rsa");
        publish(ed25519, "ed25519");
    }
    void publish(const crypto::PrivateKey& key, const std::string& kind) {
        network.zone().add_txt("k._domainkey." + kind + ".example",
                               "v=DKIM1; k=" + kind + "; p=" + to_base64(key.public_octets()));
    }
    Result<std::string> seal(const crypto::PrivateKey& key, const std::string& header, arc::Chain chain,
                             std::optional<std::uint64_t> length = std::nullopt) const {
        dkim_check::BodyHash hash(dkim::Canonicalization::relaxed, length);
        hash.feed(text);
        Sealer sealer;
        sealer.domain = key.is_rsa() ? "rsa.example" : "ed25519.example";
        sealer.selector = length ? "k; l=" + std::to_string(*length) : "k";
        sealer.key = &key;
        return arc_check::seal(sealer, header, hash.finish(), chain, "mx.example;\r\n\tspf=pass", now);
    }
    Answer verify(const std::string& header, const std::string& body = text) {
        Answer answer;
        network.run(world, ask(&world, header, body, &answer));
        return answer;
    }
};

}  // namespace

TEST_CASE("seal: two hops with keys of two kinds make a chain that holds, RFC 8617 §5.1") {
    Hops hops;
    const auto first = hops.seal(hops.rsa, head, arc::Chain::none);
    REQUIRE(first.has_value());
    CHECK(first->starts_with("ARC-Seal: a=rsa-sha256;\r\n\tb="));
    CHECK(first->ends_with("ARC-Authentication-Results: i=1; mx.example;\r\n\tspf=pass\r\n"));
    CHECK(first->contains("cv=none; d=rsa.example;\r\n\ti=1; s=k; t=1700000000\r\n"));
    const Answer one = hops.verify(*first + head);
    CHECK(name_of(one.verdict) == "pass");
    const auto second = hops.seal(hops.ed25519, *first + head, one.verdict);
    REQUIRE(second.has_value());
    const Answer two = hops.verify(*second + "Received: from x\r\n" + *first + head);
    CHECK(two.reason == "the chain holds");
    CHECK(two.sealers == std::vector<std::string>{"rsa.example", "ed25519.example"});
    CHECK(hops.verify(*second + *first + head, "Other\r\n").verdict == arc::Chain::fail);
    CHECK(hops.verify(*second + *first + "Subject: second\r\n" + head).verdict == arc::Chain::fail);
}

TEST_CASE("verify: of a body that l= seals in part nobody knows who wrote the rest") {
    Hops hops;
    const std::uint64_t whole = std::string_view("Hello, Bob\r\nhow are you?\r\n").size();
    for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{5}, whole - 1, whole}) {
        const auto set = hops.seal(hops.ed25519, head, arc::Chain::none, length);
        REQUIRE(set.has_value());
        CAPTURE(length);
        const Answer answer = hops.verify(*set + head);
        CHECK(name_of(answer.verdict) == (length == whole ? "pass" : "fail"));
        const Answer longer = hops.verify(*set + head, text + "PAY ME\r\n");
        CHECK(longer.verdict == arc::Chain::fail);
        CHECK(longer.sealers.empty());
    }
    const auto past = hops.seal(hops.ed25519, head, arc::Chain::none, whole + 1);
    REQUIRE(past.has_value());
    CHECK(hops.verify(*past + head).verdict == arc::Chain::fail);
}

TEST_CASE("seal: a broken chain is sealed once, alone, and then closed, §5.1.2") {
    Hops hops;
    const auto first = hops.seal(hops.rsa, head, arc::Chain::none);
    REQUIRE(first.has_value());
    const std::string broken = *first + "Subject: another\r\n" + head;
    const Answer answer = hops.verify(broken);
    CHECK(answer.verdict == arc::Chain::fail);
    const auto second = hops.seal(hops.rsa, broken, answer.verdict);
    REQUIRE(second.has_value());
    CHECK(second->contains("cv=fail; d=rsa.example;\r\n\ti=2;"));
    CHECK(hops.verify(*second + broken).verdict == arc::Chain::fail);
    const auto third = hops.seal(hops.rsa, *second + broken, arc::Chain::fail);
    CHECK_FALSE(third.has_value());
    CHECK(third.error().fault == Fault::denied);
    // So are sets that nobody has verified.
    const auto unseen = hops.seal(hops.rsa, *first + head, arc::Chain::none);
    REQUIRE(unseen.has_value());
    CHECK(unseen->contains("cv=fail;"));
    // Sets without an order are a failed chain, whatever the caller says.
    const auto twice = hops.seal(hops.rsa, *first + *first + head, arc::Chain::pass);
    REQUIRE(twice.has_value());
    CHECK(twice->contains("cv=fail;"));
}

TEST_CASE("seal: no set after the fiftieth") {
    Hops hops;
    std::string header = head;
    for (unsigned i = 1; i <= arc::instances_max; ++i) {
        const auto set = hops.seal(hops.ed25519, header, i == 1 ? arc::Chain::none : arc::Chain::pass);
        REQUIRE(set.has_value());
        header = *set + header;
    }
    CHECK(hops.verify(header).verdict == arc::Chain::pass);
    CHECK(hops.seal(hops.ed25519, header, arc::Chain::pass).error().text == "there are too many sets");
}

TEST_CASE("seal: a flood of fields makes no line that RFC 5322 §2.1.1 forbids") {
    Hops hops;
    std::string header = head;
    for (int i = 0; i < 300; ++i) header += "To: x@b.example\r\n";
    const auto set = hops.seal(hops.rsa, header, arc::Chain::none);
    REQUIRE(set.has_value());
    for (size_t from = 0; from < set->size();) {
        const size_t to = set->find("\r\n", from);
        CHECK(to - from <= 998);
        from = to + 2;
    }
    CHECK(hops.verify(*set + header).verdict == arc::Chain::pass);
}

}  // namespace heliopost::arc_check
