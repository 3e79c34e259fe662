// Mail from outside: what is taken, what is refused, and that nothing is relayed.
#include <doctest/doctest.h>

#include "server/smtp/test_dialogue.h"

namespace heliopost::smtp_server {
namespace {

struct Mx : TestServer {
    AccountId ann = add_account("ann@a.example");
    AccountId bob = add_account("bob@a.example", 400);
};

}  // namespace

TEST_CASE_FIXTURE(Mx, "mx: a dialogue, command by command") {
    play(*this, {{"", "220 mx.a.example ESMTP"},
                 {"MAIL FROM:<x@b.example>", "503 5.5.1"},
                 {"DATA", "503 5.5.1"},
                 {"NOOP", "250 2.0.0"},
                 {"RSET", "250 2.0.0"},
                 {"LHLO b.example", "500 5.5.1"},
                 {"AUTH PLAIN AGFubgBz", "500 5.5.1"},
                 {"EHLO", "501 5.5.4"},
                 {"HELO b.example", "250 mx.a.example"},
                 {"ehlo b.example", "250-mx.a.example"},
                 {"RCPT TO:<ann@a.example>", "503 5.5.1"},
                 {"DATA", "503 5.5.1"},
                 {"QUIT", "221 2.0.0"}});
    play(*this, {{"", "220"},
                 {"EHLO b.example", "250"},
                 {"MAIL FROM:x@b.example", "501 5.1.7"},
                 {"MAIL FROM:<x@b.example> SIZE=99999999999", "552 5.3.4"},
                 {"MAIL FROM:<x@b.example> SIZE=99999999999999999999999", "552 5.3.4"},
                 {"MAIL FROM:<x@b.example> BODY=BINARYMIME", "555 5.5.4"},
                 {"MAIL FROM:<x@b.example> RET=FULL", "555 5.5.4"},
                 {"MAIL FROM:<x@b.example> AUTH=<>", "555 5.5.4"},
                 {"MAIL FROM:<x@b.example> REQUIRETLS", "555 5.5.4"},
                 {"MAIL FROM:<\xc3\xa4@b.example>", "553 5.6.7"},
                 {"MAIL FROM:<\"\"@b.example>", "501 5.1.7"},
                 {"MAIL FROM:<x@\xe2\x80\xa8.example> SMTPUTF8", "501 5.1.7"},
                 {"MAIL FROM:<x@b.example> SIZE=100 BODY=8BITMIME", "250 2.1.0"},
                 {"MAIL FROM:<x@b.example>", "503 5.5.1"},
                 {"STARTTLS", "503 5.5.1"},
                 {"DATA", "503 5.5.1"},
                 {"RCPT TO:<nobody@a.example>", "550 5.1.1"},
                 {"RCPT TO:<\"\"@b.example>", "501 5.1.3"},
                 {"DATA", "503 5.5.1"},
                 {"RCPT TO:<ann@b.example>", "550 5.7.1"}});
    play(*this, {{"", "220"},
                 {"EHLO b.example", "250"},
                 {"MAIL FROM:<>", "250 2.1.0"},
                 {"RCPT TO:<ann@a.example> NOTIFY=NEVER", "555 5.5.4"},
                 {"RCPT TO:<\xc3\xa4@a.example>", "553 5.6.7"},
                 {"RCPT TO:<ANN@A.Example>", "250 2.1.5"},
                 {"RCPT TO:<postmaster>", "250 2.1.5"},
                 {"VRFY ann", "252"},
                 {"EXPN ann", "502"},
                 {"HELP", "214"},
                 {"DATA", "354"},
                 {"Subject: s\r\n\r\nhi\r\n.", "250 2.0.0"},
                 {"RCPT TO:<ann@a.example>", "503 5.5.1"},
                 {"DATA", "503 5.5.1"},
                 {"QUIT", "221 2.0.0"}});
    const auto mail = messages(ann);
    REQUIRE(mail.size() == 1);  // postmaster is ann, too: one copy
    CHECK(mail[0].starts_with("Return-Path: <>\r\nDelivered-To: ANN@A.Example\r\nReceived: from b.example "));
    CHECK(mail[0].contains("([192.0.2.2])"));
    CHECK(mail[0].contains("with ESMTP"));
    CHECK_FALSE(mail[0].contains("for <"));  // two recipients: neither is named to the other
    CHECK(mail[0].ends_with(" +0000\r\nSubject: s\r\n\r\nhi\r\n"));
}

TEST_CASE_FIXTURE(Mx, "mx: what is announced, before and after STARTTLS") {
    TestClient client(*this);
    client.hear();
    const std::string before = client.say("EHLO b.example\r\n");
    for (const char* word : {"PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES",
                             "CHUNKING", "STARTTLS"})
        CHECK_MESSAGE(before.contains(word), word);
    CHECK_FALSE(before.contains("AUTH"));
    CHECK_FALSE(before.contains("DSN"));
    CHECK(client.say("STARTTLS\r\n") == "220 2.0.0 ready to start TLS\r\n");
    REQUIRE(client.start_tls());
    CHECK(client.say("MAIL FROM:<>\r\n").starts_with("503"));  // what was said before is void
    const std::string after = client.say("EHLO b.example\r\n");
    CHECK_FALSE(after.contains("STARTTLS"));
    CHECK_FALSE(after.contains("AUTH"));
    CHECK(client.say("STARTTLS\r\n").starts_with("503"));
    CHECK(send_message(client, {"ann@a.example"}, "Subject: t\r\n\r\n").starts_with("250"));
    const auto mail = messages(ann);
    REQUIRE(mail.size() == 1);
    CHECK(mail[0].contains("with ESMTPS"));
    CHECK(mail[0].contains("for <ann@a.example>"));
}

TEST_CASE_FIXTURE(Mx, "mx: octets behind STARTTLS end the connection (CVE-2011-0411)") {
    for (const char* injected : {"RSET\r\n", "EHLO evil.example\r\nMAIL FROM:<>\r\n", "R", "\r\n"}) {
        CAPTURE(injected);
        TestClient client(*this);
        client.hear();
        client.say("EHLO b.example\r\n");
        CHECK(client.say(std::string("STARTTLS\r\n") + injected) == "220 2.0.0 ready to start TLS\r\n");
        CHECK(client.ended());
    }
}

TEST_CASE_FIXTURE(Mx, "mx: no form of address relays") {
    // abuse.net's list and more; our domain is a.example, the victim's c.example.
    const char* const forms[] = {
        "<ann@c.example>",
        "<ann%c.example@a.example>",
        "<ann%c.example@[192.0.2.1]>",
        "<ann%c.example@mx.a.example>",
        "<\"ann@c.example\">",
        "<\"ann%c.example\">",
        "<\"ann%c.example\"@a.example>",
        "<ann@c.example@a.example>",
        "<\"ann@c.example\"@a.example>",
        "<ann@c.example@[192.0.2.1]>",
        "<\"ann@c.example\"@[192.0.2.1]>",
        "<@a.example:ann@c.example>",
        "<@[192.0.2.1]:ann@c.example>",
        "<@a.example,@b.example:ann@c.example>",
        "<c.example!ann>",
        "<c.example!ann@a.example>",
        "<c.example!ann@[192.0.2.1]>",
        "<a.example!c.example!ann>",
        "<ann%c.example%a.example@a.example>",
        "<ann@[c.example]>",
        "<ann@[203.0.113.7]>",
        "<ann@[IPv6:2001:db8::7]>",
        "<ann@c.example.>",
        "<ann@C.EXAMPLE>",
        "<ann@c.example%a.example>",
        "<ann@a.example@c.example>",
        "<ann@a.example:c.example>",
        "<ann@a.example,ann@c.example>",
        "<ann@a.example> <ann@c.example>",
        "<ann@a.example\\0@c.example>",
        "<ann@sub.a.example>",
        "<ann@xa.example>",
        "<ann(@c.example)@a.example>",
        "ann@c.example",
    };
    for (const char* sender : {"<x@b.example>", "<>", "<ann@a.example>"})
        for (const char* form : forms) {
            CAPTURE(sender);
            CAPTURE(form);
            TestClient client(*this);
            client.hear();
            client.say("EHLO b.example\r\n");
            CHECK(client.say(std::string("MAIL FROM:") + sender + "\r\n").starts_with("250"));
            const std::string reply = client.say(std::string("RCPT TO:") + form + "\r\n");
            CHECK_MESSAGE(reply.starts_with("5"), reply);
            CHECK(client.say("DATA\r\n").starts_with("503"));
        }
    CHECK(queued().empty());
    CHECK(messages(ann).empty());
}

TEST_CASE_FIXTURE(Mx, "mx: a source route to our own user is accepted and ignored (RFC 5321 §4.1.2)") {
    TestClient client(*this);
    client.hear();
    client.say("EHLO b.example\r\nMAIL FROM:<>\r\n");
    CHECK(client.say("RCPT TO:<@c.example:ann@a.example>\r\n").starts_with("250"));
}

TEST_CASE_FIXTURE(Mx, "mx: a pipelined group is answered in order, also in pieces of one octet") {
    const std::string group =
        "EHLO b.example\r\nMAIL FROM:<x@b.example>\r\nRCPT TO:<nobody@a.example>\r\n"
        "RCPT TO:<ann@a.example>\r\nDATA\r\nSubject: p\r\n\r\n..dot\r\n.\r\nMAIL FROM:<>\r\nQUIT\r\n";
    std::vector<std::string> codes;
    for (const std::size_t step : {group.size(), std::size_t{1}, std::size_t{7}}) {
        TestClient client(*this);
        std::string heard;
        for (std::size_t at = 0; at < group.size(); at += step) {
            client.send(group.substr(at, step));
            if (step > 1) continue;
            heard += client.hear();
        }
        heard += client.hear();
        CHECK(client.ended());
        codes.push_back(codes_of(heard));
    }
    CHECK(codes[0] == "220 250 250 550 250 354 250 250 221");
    CHECK(codes[1] == codes[0]);
    CHECK(codes[2] == codes[0]);
    CHECK(messages(ann).size() == 3);
    CHECK(messages(ann)[0].ends_with("Subject: p\r\n\r\n.dot\r\n"));
}

TEST_CASE_FIXTURE(Mx, "mx: half a command behind a whole one holds no reply back") {
    TestClient client(*this);
    client.hear();
    CHECK(client.say("EHLO b.example\r\nMAIL FR").starts_with("250-"));
    CHECK(client.say("OM:<>\r\n").starts_with("250 2.1.0"));
}

TEST_CASE_FIXTURE(Mx, "mx: NOOP for ever ends in 421") {
    TestClient client(*this);
    client.hear();
    std::string all;
    for (int i = 0; i < idle_commands_max + errors_max + 1; ++i) all += "NOOP\r\n";
    const std::string heard = client.say(all);
    CHECK(heard.contains("421 4.7.0"));
    CHECK(client.ended());
}

TEST_CASE_FIXTURE(Mx, "mx: another protocol's first word ends the connection (ALPACA)") {
    for (const char* line : {"GET / HTTP/1.1\r\n", "POST /x HTTP/1.1\r\n", "PUT / HTTP/1.0\r\n",
                             "OPTIONS * HTTP/1.1\r\n", "GET / HTTP/1.1\n", "PRI * HTTP/2.0\r\n"}) {
        CAPTURE(line);
        TestClient client(*this);
        client.hear();
        CHECK(codes_of(client.say(std::string(line) + "EHLO x\r\nMAIL FROM:<>\r\n")) == "554");
        CHECK(client.ended());
    }
}

TEST_CASE_FIXTURE(Mx, "mx: lines that are too long, with NUL, or without CR") {
    TestClient client(*this);
    client.hear();
    CHECK(client.say("EHLO b.example\n").starts_with("500 5.5.2"));
    CHECK(client.say(std::string("NOOP \0\r\n", 8)).starts_with("500 5.5.2"));
    CHECK(client.say("NOOP " + std::string(3'000, 'x') + "\r\n").starts_with("500 5.5.2"));
    CHECK_FALSE(client.ended());
    CHECK(client.say("NOOP " + std::string(13'000, 'x') + "\r\nNOOP\r\n") == "500 5.5.2 line too long\r\n");
    CHECK(client.ended());
    TestClient endless(*this);
    endless.hear();
    endless.say(std::string(1'000'000, 'x'));
    CHECK(endless.ended());
}

TEST_CASE_FIXTURE(Mx, "mx: SMTPUTF8 is seen in the trace fields (RFC 6531 §4.3)") {
    TestClient client(*this);
    client.hear();
    client.say("EHLO b.example\r\n");
    CHECK(client.say("MAIL FROM:<\xc3\xa4@b.example> SMTPUTF8\r\n").starts_with("250"));
    CHECK(client.say("RCPT TO:<\xc3\xa4@a.example>\r\n").starts_with("550 5.1.1"));
    CHECK(client.say("RCPT TO:<ann@a.example>\r\n").starts_with("250"));
    client.say("DATA\r\n");
    CHECK(client.say("x\r\n.\r\n").starts_with("250"));
    REQUIRE(messages(ann).size() == 1);
    CHECK(messages(ann)[0].contains("Return-Path: <\xc3\xa4@b.example>"));
    CHECK(messages(ann)[0].contains("with UTF8SMTP"));
}

TEST_CASE_FIXTURE(Mx, "mx: a message that has been through too many servers is refused with 5.4.6") {
    const auto hops = [](std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i)
            text += "Received: from a by b; Mon, 23 Nov 2026 08:15:30 +0000\r\n";
        return text + "\r\nx\r\n";
    };
    TestClient client(*this);
    client.hear();
    client.say("EHLO b.example\r\n");
    CHECK(send_message(client, {"ann@a.example"}, hops(smtp::received_fields_max)).starts_with("250"));
    CHECK(send_message(client, {"ann@a.example"}, hops(smtp::received_fields_max + 1))
              .starts_with("554 5.4.6"));
}

TEST_CASE_FIXTURE(Mx, "mx: no certificate, no STARTTLS") {
    service.tls = nullptr;
    TestClient client(*this);
    client.hear();
    CHECK_FALSE(client.say("EHLO b.example\r\n").contains("STARTTLS"));
    CHECK(client.say("STARTTLS\r\n").starts_with("454 4.7.0"));
    CHECK(client.say("NOOP\r\n").starts_with("250"));
}

TEST_CASE("mx: a stopped server says 421 (RFC 5321 §3.8)") {
    TestServer server;
    TestClient client(server);
    client.hear();
    server.listener.stop_sessions();
    CHECK(client.hear().starts_with("421 4.3.2"));
    CHECK(client.ended());
}

}  // namespace heliopost::smtp_server
