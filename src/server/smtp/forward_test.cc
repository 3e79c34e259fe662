// What an alias sends on to another host bears our ARC set. RFC 8617 §5.1.
#include <doctest/doctest.h>

#include "base/assert.h"
#include "server/smtp/test_judge.h"
#include "signing/test_keys.h"

namespace heliopost::smtp_server {
namespace {

// An alias that leads to another host; its domain has keys.
struct Forwarding : Judge {
    signing::TestFolder folder;
    signing::Keys keys{*store, *directory, *world, folder.file("server.key")};

    Forwarding() {
        REQUIRE(run(keys.load()).has_value());
        make_active(*this, keys, "a.example", directory::DkimKey::Algorithm::rsa2048);
        make_active(*this, keys, "a.example");
        delivering->keys = &keys;
        add_alias("away@a.example", {"out@c.example"});
    }
    ~Forwarding() { delivering->keys = nullptr; }

    // What goes on to out@c.example: trace and message.
    std::string forward(const std::string& message, const std::string& to = "away@a.example") {
        TestClient client(*this);
        client.hear();
        client.say("EHLO client.example\r\n");
        REQUIRE(send_message(client, {to}, message, "x@bank.example").starts_with("250"));
        const auto all = queued();
        REQUIRE(all.size() == 1);
        const queue::Entry& entry = *all[0].entry;
        const auto blob = run(store->blobs().read(entry.blob.id, 0, entry.blob.octets));
        REQUIRE(blob.has_value());
        CHECK(run(queue->drop(entry.id, std::nullopt)) == 1);
        return entry.prefix + *blob;
    }
    arc_check::Answer chain_of(const std::string& message) { return run(look_at_chain(world, message)); }

private:
    static net::Task<arc_check::Answer> look_at_chain(net::World* world, std::string message) {
        const std::size_t end = message.find("\r\n\r\n") + 4;
        net::DnsBudget dns(world->resolver(), world->after(std::chrono::seconds(20)));
        arc_check::Verifier verifier(message.substr(0, end));
        verifier.feed(std::string_view(message).substr(end));
        co_return co_await verifier.finish(&dns);
    }
};

const std::string forwarded = "From: x@bank.example\r\nSubject: s\r\n\r\nhi\r\n";

}  // namespace

TEST_CASE_FIXTURE(Forwarding, "forward: what goes on to another host bears our ARC set, hop after hop") {
    const std::string first =
        forward("Authentication-Results: mx.a.example; dkim=pass header.d=evil.example\r\n" + forwarded);
    CHECK(first.starts_with("ARC-Seal: a=rsa-sha256;"));
    CHECK(first.contains("ARC-Authentication-Results: i=1; mx.a.example;"));
    CHECK_FALSE(first.contains("evil.example"));
    const auto one = chain_of(first);
    CHECK_MESSAGE(one.verdict == arc::Chain::pass, one.reason);
    REQUIRE(one.results.size() == 1);
    CHECK(one.results[0].contains("spf=pass"));
    CHECK(one.sealers == std::vector<std::string>{"a.example"});
    const auto two = chain_of(forward(first));
    CHECK_MESSAGE(two.verdict == arc::Chain::pass, two.reason);
    CHECK(two.sealers.size() == 2);
    std::string altered = first;
    altered.replace(altered.find("\r\nhi\r\n"), 6, "\r\nho\r\n");
    const std::string broken = forward(altered);
    CHECK(broken.contains("cv=fail"));
    CHECK(chain_of(broken).verdict == arc::Chain::fail);
    // A chain that has failed is closed.
    CHECK_FALSE(forward(broken).contains("i=3"));
}

TEST_CASE_FIXTURE(Forwarding,
                  "forward: nothing is sealed that stays, or when it is turned off, or without an RSA key") {
    CHECK(send("x@bank.example", "x@bank.example").starts_with("250"));
    REQUIRE(messages(ann).size() == 1);
    CHECK_FALSE(messages(ann)[0].contains("ARC-Seal"));
    add_alias("both@a.example", {"out@c.example", "ann@a.example"});
    CHECK(forward(forwarded, "both@a.example").starts_with("ARC-Seal"));
    REQUIRE(messages(ann).size() == 2);
    CHECK_FALSE(messages(ann)[1].contains("ARC-Seal"));
    signing::Settings settings;
    settings.seal_forwarded = false;
    keys.change(settings);
    CHECK_FALSE(forward(forwarded).contains("ARC-Seal"));
    keys.change({});
    CHECK(forward(forwarded).contains("ARC-Seal"));
    const auto rsa = keys.snapshot()->sealing("a.example")->row;
    REQUIRE(run(keys.retire(rsa, world->now())).has_value());
    CHECK_FALSE(forward(forwarded).contains("ARC-Seal"));
}

TEST_CASE_FIXTURE(Forwarding, "forward: a header past signed_header_max goes on unsealed") {
    auto sealer = signing::ForwardSealer::begin(keys, "a.example");
    ASSERT(sealer.has_value());
    const std::string line = "X-Filler: " + std::string(900, 'x') + "\r\n";
    for (std::size_t octets = 0; octets <= signing::signed_header_max; octets += line.size())
        sealer->feed(line);
    sealer->feed(forwarded);
    CHECK(sealer->finish(arc::Chain::none, "mx.a.example; none", world->now()).empty());
    CHECK_FALSE(signing::ForwardSealer::begin(keys, "b.example").has_value());
}

}  // namespace heliopost::smtp_server
