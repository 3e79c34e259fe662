// What our domains sign at submission, and what nobody signs.
#include <doctest/doctest.h>

#include "base/base64.h"
#include "server/smtp/test_dialogue.h"
#include "signing/test_keys.h"

using namespace std::string_literals;

namespace heliopost::smtp_server {
namespace {

struct Signing : TestServer {
    signing::TestFolder folder;
    signing::Keys keys{*store, *directory, *world, folder.file("server.key")};
    AccountId ann = add_account("ann@a.example");
    AccountId bob = add_account("bob@a.example");

    Signing() : TestServer(Role::submission) {
        REQUIRE(run(keys.load()).has_value());
        REQUIRE(run(directory->add_domain("b.example")).has_value());
        add_alias("ann@b.example", {"ann@a.example"});
        delivering->keys = &keys;
    }
    ~Signing() { delivering->keys = nullptr; }

    void log_in(TestClient& client) {
        client.hear();
        client.say("EHLO c.b.example\r\nSTARTTLS\r\n");
        REQUIRE(client.start_tls());
        client.say("EHLO c.b.example\r\n");
        REQUIRE(client
                    .say("AUTH PLAIN " + to_base64("\0ann@a.example\0"s + test_password) + "\r\n",
                         std::chrono::seconds(60))
                    .starts_with("235"));
    }
    std::string newest() {
        const auto all = messages(bob);
        REQUIRE_FALSE(all.empty());
        return all.back();
    }
    // "pass a.example pass a.example"
    std::string verdicts(const std::string& message) {
        std::string all;
        for (const auto& one : run(signing::verify_whole(world, message)))
            all += (all.empty() ? "" : " ") + std::string(name_of(one.verdict)) + " " + one.domain;
        return all;
    }
};

const std::string letter =
    "From: Ann <ann@a.example>\r\nTo: bob@a.example\r\nBcc: eve@a.example\r\nSubject: Hello\r\n\r\n.Hello,  "
    "Bob "
    "\r\n\r\nhow are you?\r\n\r\n";

}  // namespace

TEST_CASE_FIXTURE(
    Signing, "submission: mail of a domain with keys is signed by each, over what we made of its header") {
    TestClient client(*this);
    log_in(client);
    REQUIRE(send_message(client, {"bob@a.example"}, letter, "ann@a.example").starts_with("250"));
    CHECK(verdicts(newest()).empty());
    make_active(*this, keys, "a.example");
    REQUIRE(send_message(client, {"bob@a.example"}, letter, "ann@a.example").starts_with("250"));
    CHECK(verdicts(newest()) == "pass a.example");
    make_active(*this, keys, "a.example", directory::DkimKey::Algorithm::rsa2048);
    REQUIRE(
        send_message(client, {"bob@a.example", "out@c.example"}, letter, "ann@a.example").starts_with("250"));
    CHECK(verdicts(newest()) == "pass a.example pass a.example");
    // What goes out bears the same fields, above our Received.
    REQUIRE(queued().size() == 1);
    const std::string prefix = queued()[0].entry->prefix;
    CHECK(prefix.starts_with("DKIM-Signature: v=1; a="));
    CHECK(newest().contains(prefix));
    CHECK(prefix.find("Received:") > prefix.rfind("DKIM-Signature:"));
}

TEST_CASE_FIXTURE(Signing,
                  "submission: a message in chunks, in single octets, and without a body is signed") {
    make_active(*this, keys, "a.example");
    TestClient client(*this);
    log_in(client);
    const std::string begin = "MAIL FROM:<ann@a.example>\r\nRCPT TO:<bob@a.example>\r\n";
    client.say(begin);
    for (std::size_t at = 0; at < letter.size(); at += 11) {
        const std::string piece = letter.substr(at, 11);
        client.say("BDAT " + std::to_string(piece.size()) + "\r\n" + piece);
    }
    REQUIRE(client.say("BDAT 0 LAST\r\n").starts_with("250"));
    CHECK(verdicts(newest()) == "pass a.example");
    client.say(begin + "DATA\r\n");
    for (const char c : letter) client.say(std::string(1, c));
    REQUIRE(client.say(".\r\n").contains("250"));
    CHECK(verdicts(newest()) == "pass a.example");
    for (const std::string& bare : {"From: ann@a.example\r\n\r\n"s, "From: ann@a.example\r\n"s}) {
        REQUIRE(send_message(client, {"bob@a.example"}, bare, "ann@a.example").starts_with("250"));
        CHECK(verdicts(newest()) == "pass a.example");
    }
}

TEST_CASE_FIXTURE(Signing,
                  "submission: the domain in From signs, whatever the envelope says; others' is refused") {
    make_active(*this, keys, "a.example");
    TestClient client(*this);
    log_in(client);
    const std::string other = "From: ann@b.example\r\n\r\nx\r\n";
    REQUIRE(send_message(client, {"bob@a.example"}, other, "ann@a.example").starts_with("250"));
    CHECK(verdicts(newest()).empty());
    make_active(*this, keys, "b.example");
    REQUIRE(send_message(client, {"bob@a.example"}, other, "ann@a.example").starts_with("250"));
    CHECK(verdicts(newest()) == "pass b.example");
    const std::size_t before = messages(bob).size();
    for (const char* from : {"bob@a.example", "ann@a.example, bob@a.example", "x@c.example"})
        CHECK(send_message(client, {"bob@a.example"}, "From: "s + from + "\r\n\r\nx\r\n", "ann@a.example")
                  .starts_with("550"));
    CHECK(messages(bob).size() == before);
}

TEST_CASE_FIXTURE(Signing, "mx and lmtp: what others wrote is not signed, whatever its From says") {
    make_active(*this, keys, "a.example");
    for (const Role role : {Role::mx, Role::lmtp}) {
        service.role = role;
        TestClient client(*this);
        client.hear();
        client.say(role == Role::mx ? "EHLO c.b.example\r\n" : "LHLO c.b.example\r\n");
        REQUIRE(send_message(client, {"bob@a.example"}, letter).starts_with("250"));
        CHECK(verdicts(newest()).empty());
    }
}

}  // namespace heliopost::smtp_server
