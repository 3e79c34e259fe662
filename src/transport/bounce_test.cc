#include "transport/bounce.h"

#include <doctest/doctest.h>

#include "proto/mime/scanner.h"
#include "signing/test_keys.h"
#include "transport/test_site.h"

namespace heliopost::transport {
namespace {

// A remote that refuses, or puts off, everybody; ann@a.example has her mailbox with us.
struct Refusing : Site {
    ScriptedServer b{network, "mx.b.example", {"198.51.100.1"}};
    AccountId ann = add_ann();

    explicit Refusing(std::string reply) {
        network.zone().add_mx("b.example", 10, "mx.b.example");
        network.zone().add_address("mx.b.example", "198.51.100.1");
        b.answer = [reply](const std::string& line) -> std::optional<std::string> {
            return line.starts_with("RCPT") ? std::optional(reply) : std::nullopt;
        };
    }
};

}  // namespace

TEST_CASE("bounce: a DSN reads back as multipart/report with the original's header, RFC 3464") {
    Refusing site("550-5.1.1 no such\r\n550 5.1.1 user\r\n");
    site.start();
    site.submit({"bob@b.example"}, "Subject: to bob\r\nX-Mark: 1\r\n\r\nthe secret body\r\n");
    REQUIRE(site.until_empty());
    const auto inbox = site.inbox(site.ann);
    REQUIRE(inbox.size() == 1);
    const std::string& text = inbox[0];
    CHECK(text.starts_with("Return-Path: <>\r\n"));
    CHECK(text.contains("Delivered-To: ann@a.example\r\n"));
    CHECK(text.contains("Final-Recipient: rfc822; bob@b.example\r\n"));
    CHECK(text.contains("Status: 5.1.1\r\n"));
    CHECK(text.contains("Remote-MTA: dns; mx.b.example\r\n"));
    CHECK(text.contains("550 5.1.1 no such user"));
    CHECK(text.contains("X-Mark: 1\r\n"));
    CHECK_FALSE(text.contains("the secret body"));

    mime::Scanner scanner;
    scanner.feed(text);
    const mime::Structure structure = scanner.finish();
    REQUIRE(structure.parts.size() == 4);
    CHECK(structure.parts[0].is("multipart", "report"));
    CHECK(structure.parts[1].is("text", "plain"));
    CHECK(structure.parts[2].is("message", "delivery-status"));
    CHECK(structure.parts[3].is("text", "rfc822-headers"));
}

TEST_CASE("bounce: of what an alias sent on the sender gets back what names it") {
    Refusing site("550 5.1.1 no\r\n");
    site.start();
    const std::string content =
        "X-Mark: 1\r\nSubject: to the list\r\nMessage-ID: <1@x.example>\r\n\r\nbody\r\n";
    site.submit({"bob@b.example"}, content,
                [](queue::NewEntry& entry) { entry.source = queue::Source::forward; });
    REQUIRE(site.until_empty());
    const auto inbox = site.inbox(site.ann);
    REQUIRE(inbox.size() == 1);
    CHECK(inbox[0].contains("\r\n\r\nSubject: to the list\r\nMessage-ID: <1@x.example>\r\n\r\n--"));
    CHECK_FALSE(inbox[0].contains("X-Mark"));
    CHECK_FALSE(inbox[0].contains("Received: by"));
}

TEST_CASE("bounce: a DSN comes from the host's name; the name in EHLO is for EHLO alone") {
    Refusing site("550 5.1.1 no\r\n");
    site.options.helo_name = "out.a.example";
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty());
    CHECK(site.b.lines.at(0) == "EHLO out.a.example");
    const auto inbox = site.inbox(site.ann);
    REQUIRE(inbox.size() == 1);
    CHECK(inbox[0].contains("Reporting-MTA: dns; mx.a.example\r\n"));
    CHECK(inbox[0].contains("postmaster@mx.a.example"));
    CHECK_FALSE(inbox[0].contains("out.a.example"));
}

TEST_CASE("bounce: a DSN is signed by the host's domain, or one of ours above it") {
    Refusing site("550 5.1.1 no\r\n");
    const signing::TestFolder folder;
    signing::Keys keys(*site.store, *site.directory, *site.world, folder.file("server.key"));
    REQUIRE(site.run(keys.load()).has_value());
    make_active(site, keys, "a.example");
    site.options.keys = &keys;
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty());
    const auto inbox = site.inbox(site.ann);
    REQUIRE(inbox.size() == 1);
    CHECK(inbox[0].contains("\r\nDKIM-Signature: v=1; a=ed25519-sha256;"));
    CHECK(inbox[0].contains("d=a.example; s="));
    CHECK(inbox[0].contains("From: "));
    const auto verdicts = site.run(signing::verify_whole(site.world, inbox[0]));
    REQUIRE(verdicts.size() == 1);
    CHECK_MESSAGE(verdicts[0].verdict == dkim_check::Verdict::pass, verdicts[0].reason);
    site.stop();  // before the keys go
}

TEST_CASE("bounce: NOTIFY and the null reverse-path, RFC 3461 §4.1, RFC 5321 §4.5.5") {
    Refusing site("550 5.1.1 no\r\n");
    site.start();
    bool told = false;
    smtp::Notify notify{.specified = true, .success = false, .failure = false, .delay = false};
    SUBCASE("NEVER") {}
    SUBCASE("SUCCESS,DELAY") {
        notify.success = true;
        notify.delay = true;
    }
    SUBCASE("FAILURE") {
        notify.failure = true;
        told = true;
    }
    SUBCASE("null sender") {
        notify.specified = false;
    }
    const bool null = !notify.specified;
    const QueueId id = site.submit({"bob@b.example"}, "Subject: x\r\n\r\n", [&](queue::NewEntry& entry) {
        entry.recipients[0].notify = notify;
        if (null) entry.reverse_path = {};
    });
    REQUIRE(site.until_empty());
    CHECK(site.gone(id));
    CHECK(site.inbox(site.ann).size() == (told ? 1 : 0));
    CHECK(site.logged("status=bounced"));
}

TEST_CASE("bounce: what we decided ourselves is put in no remote's mouth, RFC 3464 §2.3.6") {
    Site site;
    const AccountId ann = site.add_ann();
    ScriptedServer b(site.network, "mx.b.example", {"198.51.100.1"});
    b.extensions = {"SIZE 100"};
    site.network.zone().add_mx("b.example", 10, "mx.b.example");
    site.network.zone().add_address("mx.b.example", "198.51.100.1");
    site.network.zone().add_mx("null.example", 0, ".");
    site.start();
    std::string status;
    SUBCASE("null MX") {
        status = "Status: 5.1.10\r\n";
        site.submit({"bob@null.example"});
    }
    SUBCASE("too large for it") {
        status = "Status: 5.3.4\r\n";
        site.submit({"bob@b.example"}, "Subject: x\r\n\r\n" + std::string(200, 'x') + "\r\n");
    }
    REQUIRE(site.until_empty(1min));
    const auto inbox = site.inbox(ann);
    REQUIRE(inbox.size() == 1);
    CHECK(inbox[0].contains(status));
    for (const char* remote : {"Diagnostic-Code", "Remote-MTA", " said:"}) {
        CAPTURE(remote);
        CHECK_FALSE(inbox[0].contains(remote));
    }
}

TEST_CASE("bounce: a hundred recipients of one host are put off and told of together") {
    Refusing site("451 4.3.0 busy\r\n");
    site.options.retry.expire_after = 24h;
    site.start();
    std::vector<std::string> recipients;
    for (int i = 0; i < 100; ++i) recipients.push_back("r" + std::to_string(i) + "@b.example");
    site.submit(recipients);
    REQUIRE(site.until_empty(30h));
    CHECK(site.b.count("RCPT") == 100 * site.b.count("MAIL"));
    CHECK(site.b.count("MAIL") < 20);
    CHECK(site.inbox(site.ann).size() == 2);  // a warning, and the end
}

TEST_CASE("bounce: one delay warning after four hours, then expiry with 4.4.7") {
    Refusing site("451 4.3.0 busy\r\n");
    site.options.retry.expire_after = 24h;
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.queue->counts().entries == 1 && site.logged("event=dsn "); }, 10h));
    site.network.run_for(6h);
    auto inbox = site.inbox(site.ann);
    REQUIRE(inbox.size() == 1);
    CHECK(inbox[0].contains("Action: delayed\r\n"));
    CHECK(inbox[0].contains("Will-Retry-Until: "));
    REQUIRE(site.until_empty(30h));
    inbox = site.inbox(site.ann);
    REQUIRE(inbox.size() == 2);
    CHECK(inbox[1].contains("Action: failed\r\n"));
    CHECK(inbox[1].contains("Status: 4.4.7\r\n"));
    CHECK(inbox[1].contains("451 4.3.0 busy"));
    CHECK(site.b.count("RCPT") > 5);
}

TEST_CASE("bounce: the class of a status is that of the fate, RFC 3463 §2") {
    struct Case {
        std::string reply;
        std::string action;
        std::string status;
    };
    const Case cases[] = {
        {"552 5.5.3 too many\r\n", "delayed", "4.5.3"},  // at RCPT: RFC 5321 §4.5.3.1.10
        {"252 2.5.0 cannot say\r\n", "delayed", "4.5.0"},
        {"550 5.7.1 never\r\n", "failed", "5.7.1"},
    };
    for (const auto& [reply, action, status] : cases) {
        CAPTURE(reply);
        Refusing site(reply);
        site.start();
        site.submit({"bob@b.example"});
        REQUIRE(site.until([&] { return site.logged("event=dsn "); }, 10h));
        site.network.run_for(1s);
        const auto inbox = site.inbox(site.ann);
        REQUIRE(inbox.size() == 1);
        CHECK(inbox[0].contains("Action: " + action + "\r\nStatus: " + status + "\r\n"));
        CHECK(inbox[0].contains("Diagnostic-Code: smtp; " + reply));  // as it was said
        CHECK(site.logged("dsn=" + status));
    }
}

TEST_CASE("bounce: a sender that nothing can be sent to is told nothing, and the entry ends") {
    for (const smtp::Address& from : {smtp::Address{"", "c.example"}, {"x", "\xE2\x80\xA8.example"}}) {
        CAPTURE(from.domain);
        Refusing site("550 5.1.1 no\r\n");
        site.start();
        const QueueId id = site.submit({"bob@b.example"}, "Subject: x\r\n\r\n",
                                       [&](queue::NewEntry& entry) { entry.reverse_path = from; });
        REQUIRE(site.until_empty());
        CHECK(site.gone(id));
        CHECK(site.b.count("RCPT") == 1);
        CHECK(site.logged("event=dsn.failed"));
    }
}

TEST_CASE("bounce: a DSN that the store does not take loses nobody") {
    Refusing site("550 5.1.1 no\r\n");
    site.start();
    site.submit({"bob@b.example"});
    site.disk->set_full(true);
    REQUIRE(site.until([&] { return site.logged("event=attempt "); }));
    site.network.run_for(1min);
    CHECK(site.inbox(site.ann).empty());
    CHECK(site.queue->counts().entries == 1);
    site.disk->set_full(false);
    REQUIRE(site.until_empty());
    CHECK(site.inbox(site.ann).size() == 1);
}

}  // namespace heliopost::transport
