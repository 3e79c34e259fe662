// LMTP: an answer for each recipient (RFC 2033).
#include <doctest/doctest.h>

#include "server/smtp/test_dialogue.h"

namespace heliopost::smtp_server {
namespace {

struct Lmtp : TestServer {
    AccountId ann = add_account("ann@a.example");
    AccountId bob = add_account("bob@a.example", 600);
    AccountId cat = add_account("cat@a.example");
    TestClient client{*this};

    Lmtp() : TestServer(Role::lmtp) {
        add_alias("both@a.example", {"ann@a.example", "bob@a.example"});
        add_alias("away@a.example", {"ann@c.example"});
        client.hear();
        client.say("LHLO post.a.example\r\n");
    }
    std::string envelope(const std::vector<std::string>& recipients) {
        std::string all = "MAIL FROM:<x@b.example>\r\n";
        for (const auto& one : recipients) all += "RCPT TO:<" + one + ">\r\n";
        return codes_of(client.say(all));
    }
};

}  // namespace

TEST_CASE_FIXTURE(Lmtp, "lmtp: LHLO only, no AUTH; no recipient, no message") {
    TestClient other(*this);
    CHECK(other.hear().starts_with("220 mx.a.example LMTP"));
    CHECK(other.say("EHLO b\r\n").starts_with("500 5.5.1"));
    CHECK(other.say("HELO b\r\n").starts_with("500 5.5.1"));
    CHECK(other.say("LHLO b\r\n").contains("PIPELINING"));
    CHECK(other.say("AUTH PLAIN AGEAYg==\r\n").starts_with("500"));
    CHECK(other.say("MAIL FROM:<>\r\nRCPT TO:<no@a.example>\r\nRCPT TO:<out@c.example>\r\nDATA\r\n") ==
          "250 2.1.0 sender ok\r\n550 5.1.1 no such user here\r\n550 5.7.1 relaying denied\r\n"
          "503 5.5.1 bad sequence of commands\r\n");
}

TEST_CASE_FIXTURE(Lmtp, "lmtp: only from this machine, unless told otherwise") {
    service.lmtp_from_anywhere = false;
    TestClient other(*this);
    CHECK(other.hear().starts_with("554 5.7.1"));
    CHECK(other.ended());
}

TEST_CASE_FIXTURE(Lmtp, "lmtp: one reply a recipient, in order; one over quota stops nobody else") {
    CHECK(envelope({"ann@a.example", "bob@a.example", "cat@a.example"}) == "250 250 250 250");
    client.say("DATA\r\n");
    const std::string first = client.say("Subject: 1\r\n\r\nhi\r\n.\r\n");
    CHECK(codes_of(first) == "250 250 250");
    CHECK(envelope({"ann@a.example", "bob@a.example", "cat@a.example"}) == "250 250 250 250");
    client.say("DATA\r\n");
    const std::string heard = client.say(std::string(400, 'x') + "\r\n.\r\n");
    CHECK(codes_of(heard) == "250 452 250");
    CHECK(heard.contains("452 4.2.2"));
    CHECK(messages(ann).size() == 2);
    CHECK(messages(bob).size() == 1);
    CHECK(messages(cat).size() == 2);
    CHECK(messages(cat)[1].contains("with LMTP"));
    CHECK(envelope({"ann@a.example"}) == "250 250");  // a new transaction
}

TEST_CASE_FIXTURE(Lmtp, "lmtp: two recipients that lead to the same account get two replies and one copy") {
    CHECK(envelope({"ann@a.example", "ann+x@a.example", "ann@a.example", "both@a.example"}) ==
          "250 250 250 250 250");
    client.say("DATA\r\n");
    CHECK(codes_of(client.say("x\r\n.\r\n")) == "250 250 250 250");
    CHECK(messages(ann).size() == 1);
    // The same where bob's quota makes each go by itself; a list is not stopped by him.
    CHECK(envelope({"ann@a.example", "bob@a.example", "both@a.example", "ann@a.example"}) ==
          "250 250 250 250 250");
    client.say("DATA\r\n");
    CHECK(codes_of(client.say(std::string(500, 'x') + "\r\n.\r\n")) == "250 452 250 250");
    CHECK(messages(ann).size() == 2);
    CHECK(messages(bob).size() == 2);
}

TEST_CASE_FIXTURE(Lmtp, "lmtp: a message past a chunk reaches each where one is over quota") {
    std::string big = "Subject: big\r\n\r\n";
    for (int i = 0; big.size() < 3 * store::chunk_octets; ++i) big += "line " + std::to_string(i) + "\r\n";
    CHECK(envelope({"ann@a.example", "bob@a.example", "cat@a.example"}) == "250 250 250 250");
    client.say("DATA\r\n");
    CHECK(codes_of(client.say(big + ".\r\n")) == "250 452 250");
    REQUIRE(messages(cat).size() == 1);
    CHECK(messages(cat)[0].ends_with(big));
    CHECK(messages(ann).size() == 1);
}

TEST_CASE_FIXTURE(Lmtp, "lmtp: refused for all, there is a reply for all") {
    CHECK(envelope({"ann@a.example", "bob@a.example"}) == "250 250 250");
    client.say("DATA\r\n");
    CHECK(codes_of(client.say("bare\nLF\r\n.\r\n")) == "550 550");
    CHECK(envelope({"ann@a.example", "bob@a.example"}) == "250 250 250");
    CHECK(codes_of(client.say("BDAT 2\r\nx\nBDAT 0 LAST\r\n")) == "250 550 550");
    service.message_octets_max = 100;
    CHECK(envelope({"ann@a.example", "bob@a.example"}) == "250 250 250");
    client.say("DATA\r\n");
    CHECK(codes_of(client.say(std::string(150, 'x') + "\r\n.\r\n")) == "552 552");
    disk->set_failing(true);
    CHECK(envelope({"ann@a.example", "bob@a.example"}) == "250 250 250");
    client.say("DATA\r\n");
    CHECK(codes_of(client.say("x\r\n.\r\n")) == "452 452");
    disk->set_failing(false);
    CHECK(messages(ann).empty());
}

TEST_CASE_FIXTURE(
    Lmtp, "lmtp: what goes outside is queued once, under the id that every reply and log line tells") {
    add_alias("off@a.example", {"bob@c.example"});
    CHECK(envelope({"away@a.example", "bob@a.example", "off@a.example", "away@a.example"}) ==
          "250 250 250 250 250");
    client.say("DATA\r\n");
    const std::string heard = client.say(std::string(700, 'x') + "\r\n.\r\n");
    CHECK(codes_of(heard) == "250 452 250 250");
    const auto out = queued();
    REQUIRE(out.size() == 1);
    CHECK(out[0].entry->source == queue::Source::forward);
    CHECK(out[0].recipients.size() == 2);
    const std::string id = queue::to_text(out[0].entry->id);
    std::size_t told = 0;
    for (std::size_t at = heard.find("accepted as " + id); at != std::string::npos;
         at = heard.find("accepted as " + id, at + 1))
        ++told;
    CHECK(told == 3);
    int lines = 0;
    for (const std::string& line : world->log_lines()) {
        if (!line.contains("queue_id=")) continue;
        ++lines;
        CHECK_MESSAGE(line.contains("queue_id=" + id), line);
    }
    CHECK(lines == 4);  // queued twice, refused, accepted
}

TEST_CASE_FIXTURE(Lmtp, "lmtp: many bad recipients are the sender's business, not ours") {
    std::vector<std::string> bad(100, "nobody@a.example");
    CHECK_FALSE(envelope(bad).contains("421"));
    CHECK(client.say("RCPT TO:<ann@a.example>\r\n").starts_with("250"));
}

TEST_CASE_FIXTURE(Lmtp, "lmtp: results in our name stay where the client is trusted, and go else") {
    for (const bool trusted : {false, true}) {
        Judging judging{.names = {"mx.a.example"}};
        if (trusted) judging.trusted = {*net::parse_network("192.0.2.0/24")};
        service.judging = &judging;
        CHECK(envelope({"ann@a.example"}) == "250 250");
        client.say("DATA\r\n");
        const std::string answer = client.say(
            "Authentication-Results: mx.a.example; spf=pass\r\n"
            "Authentication-Results: other.example; spf=pass\r\nFrom: x@b.example\r\n\r\nhi\r\n.\r\n");
        CHECK_MESSAGE(answer.starts_with("250"), answer);
        const auto mail = messages(ann);
        REQUIRE(mail.size() == (trusted ? 2 : 1));
        CHECK(mail.back().contains("Authentication-Results: mx.a.example") == trusted);
        CHECK(mail.back().contains("Authentication-Results: other.example"));
        service.judging = nullptr;
    }
}

}  // namespace heliopost::smtp_server
