#include "transport/transport.h"

#include "transport/test_site.h"

namespace heliopost::transport {
namespace {

// b.example with one MX.
struct OneHop : Site {
    ScriptedServer b{network, "mx.b.example", {"198.51.100.1"}};

    OneHop() {
        network.zone().add_mx("b.example", 10, "mx.b.example");
        network.zone().add_address("mx.b.example", "198.51.100.1");
    }
};

// Answers one line so, the first `times` times.
ScriptedServer::Answer say(std::string start, std::string reply, int times = 1'000'000) {
    return [=, left = times](const std::string& line) mutable -> std::optional<std::string> {
        const bool hit = start.empty() ? line.empty() : line.starts_with(start);
        if (!hit || left == 0) return std::nullopt;
        --left;
        return reply;
    };
}

}  // namespace

TEST_CASE("transport: a message goes to the MX, dot-stuffed, and leaves the queue") {
    OneHop site;
    bool pipelining = true;
    SUBCASE("with PIPELINING") {}
    SUBCASE("without") {
        pipelining = false;
        site.b.extensions = {"SIZE"};
    }
    site.start();
    const QueueId id = site.submit({"bob@b.example", "eve@b.example"}, "Subject: x\r\n\r\n.dot\r\nend\r\n");
    REQUIRE(site.until_empty());
    CHECK(site.gone(id));
    REQUIRE(site.b.taken.size() == 1);
    const Taken& got = site.b.taken[0];
    CHECK(got.mail.starts_with("MAIL FROM:<ann@a.example> SIZE="));
    CHECK(got.rcpts == std::vector<std::string>{"RCPT TO:<bob@b.example>", "RCPT TO:<eve@b.example>"});
    CHECK(got.content == "Received: by mx.a.example\r\nSubject: x\r\n\r\n..dot\r\nend\r\n");
    CHECK(site.b.lines[0] == "EHLO mx.a.example");
    CHECK(pipelining == (site.b.extensions[0] == "PIPELINING"));
    const std::string line = site.log_line("event=attempt ");
    CHECK(line.contains("queue_id=" + queue::to_text(id)));
    CHECK(line.contains("status=sent"));
    CHECK(line.contains("dsn=2.6.0"));
    CHECK(line.contains("198.51.100.1"));
}

TEST_CASE("transport: a large message is streamed whole") {
    OneHop site;
    site.start();
    std::string content = "Subject: x\r\n\r\n";
    while (content.size() < 700'000) content += std::string(70, 'x') + "\r\n";
    site.submit({"bob@b.example"}, content);
    REQUIRE(site.until_empty());
    REQUIRE(site.b.taken.size() == 1);
    CHECK(site.b.taken[0].content == "Received: by mx.a.example\r\n" + content);
}

TEST_CASE("transport: greylisting, 4xx then accepted, hours may pass") {
    OneHop site;
    site.b.answer = say("RCPT", "450 4.7.1 come back\r\n", 2);
    site.start();
    const QueueId id = site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.b.count("RCPT") == 1 && site.transport->attempts() == 0; }));
    const queue::Shown shown = site.show(id);
    CHECK(shown.recipients[0].attempts == 1);
    CHECK(shown.recipients[0].last_reply.code == 450);
    CHECK(shown.recipients[0].last_reply.text == "come back");
    CHECK(shown.recipients[0].next_attempt > site.world->now() + 3min);
    REQUIRE(site.until_empty(1h));
    CHECK(site.b.taken.size() == 1);
    CHECK(site.b.count("RCPT") == 3);
    CHECK(site.logged("status=deferred"));
}

TEST_CASE("transport: a 5xx at any stage after EHLO is final and told to a remote sender") {
    for (const std::string stage : {"", "MAIL", "RCPT", "DATA", "."}) {
        CAPTURE(stage);
        OneHop site;
        ScriptedServer a(site.network, "home.a.example", {"203.0.113.1"});
        site.network.zone().add_mx("a.example", 10, "home.a.example");
        site.network.zone().add_address("home.a.example", "203.0.113.1");
        site.b.answer = say(stage, "554 5.7.1 not you\r\n");
        site.start();
        site.submit({"bob@b.example"});
        REQUIRE(site.until_empty());
        CHECK(site.b.taken.empty());
        REQUIRE(a.taken.size() == 1);
        CHECK(a.taken[0].mail.starts_with("MAIL FROM:<>"));
        CHECK(a.taken[0].rcpts[0].starts_with("RCPT TO:<ann@a.example>"));
        CHECK(a.taken[0].content.contains("not you"));
        CHECK(site.logged("status=bounced"));
    }
}

TEST_CASE("transport: two recipients, one taken, one refused, one put off") {
    OneHop site;
    const AccountId ann = site.add_ann();
    site.b.answer = [](const std::string& line) -> std::optional<std::string> {
        if (line.contains("eve@")) return "550 5.1.1 unknown\r\n";
        if (line.contains("joe@")) return "451 4.3.0 later\r\n";
        return std::nullopt;
    };
    site.start();
    const QueueId id = site.submit({"bob@b.example", "eve@b.example", "joe@b.example"});
    site.network.run_for(10s);  // past join_wait
    const queue::Shown shown = site.show(id);
    REQUIRE(shown.recipients.size() == 3);
    CHECK(shown.recipients[0].state == queue::State::delivered);
    CHECK(shown.recipients[1].state == queue::State::failed);
    CHECK(shown.recipients[2].state == queue::State::pending);
    const auto inbox = site.inbox(ann);
    REQUIRE(inbox.size() == 1);
    CHECK(inbox[0].contains("eve@b.example"));
    CHECK_FALSE(inbox[0].contains("joe@b.example"));
}

TEST_CASE("transport: dropped after the final dot is in doubt, tried again later, logged") {
    OneHop site;
    site.b.answer = say(".", "drop", 1);
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.b.taken.size() == 1 && site.transport->attempts() == 0; }));
    CHECK(site.logged("event=attempt.in_doubt"));
    REQUIRE(site.until_empty());
    CHECK(site.b.taken.size() == 2);
}

TEST_CASE("transport: hostile servers end in a temporary failure, within limits") {
    struct Case {
        std::string stage;
        std::string reply;
        std::string reason;
    };
    const std::string endless = "220-" + std::string(60, 'x') + "\r\n";
    std::string many;
    for (int i = 0; i < 2'000; ++i) many += endless;
    std::string long_line(200'000, 'y');
    const Case cases[] = {
        {"", many, "does not speak SMTP"},
        {"", long_line, "does not speak SMTP"},
        {"", "drop", "closed the connection"},
        {"EHLO", "250-a\r\n250-" + long_line, "does not speak SMTP"},
        {"EHLO", "banana\r\n", "does not speak SMTP"},
        {"MAIL", "drop", "closed the connection"},
        {"RCPT", "250-x\r\n550 y\r\n", "does not speak SMTP"},
        {"DATA", "354 go\r\n250 taken already\r\n", "not asked for"},
        {"MAIL", "421 4.3.2 closing\r\n", "closing"},
        {"EHLO", "250", "took too long"},
        {"", "250 hello\r\n", "hello"},
        {"", "200 news server ready\r\n", "news server"},
        {"", "220 proxy\r\n220 mx.b.example ESMTP\r\n", "ESMTP"},
        {"EHLO", "251 forwarded\r\n", "forwarded"},
    };
    for (const auto& [stage, reply, reason] : cases) {
        CAPTURE(stage);
        CAPTURE(reason);
        OneHop site;
        if (stage == "DATA") site.b.extensions = {"SIZE"};
        site.b.answer = say(stage, reply, 1);
        site.start();
        const QueueId id = site.submit({"bob@b.example"});
        REQUIRE(site.until([&] { return site.logged("event=attempt "); }));
        CHECK(site.logged("status=deferred"));
        const std::string line = site.log_line("event=attempt ");
        CAPTURE(line);
        CHECK((line.contains(reason) || (reason == "took too long" && line.contains("timed out"))));
        CHECK(site.b.taken.empty());
        REQUIRE(site.until_empty());  // and the next attempt, to a better server, succeeds
        CHECK(site.b.taken.size() == 1);
        CHECK(site.gone(id));
    }
}

TEST_CASE("transport: a reply to the message without end counts by its code, and nothing is sent twice") {
    OneHop site;
    const AccountId ann = site.add_ann();
    const std::string text(5'000'000, 'y');
    bool taken = true;
    std::string reply;
    SUBCASE("one line") {
        reply = "250 2.6.0 " + text;
    }
    SUBCASE("many lines") {
        for (int i = 0; i < 20'000; ++i) reply += "250-yes\r\n";
    }
    SUBCASE("refused") {
        taken = false;
        reply = "554 5.7.1 " + text;
    }
    site.b.answer = say(".", reply);
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty());
    CHECK(site.b.count("DATA") == 1);
    CHECK(site.inbox(ann).size() == (taken ? 0 : 1));
    CHECK_FALSE(site.logged("attempt.in_doubt"));
    REQUIRE(site.until([&] { return site.transport->connections() == 0; }, 1s));  // and is not used again
    CHECK(site.b.count("QUIT") == 0);
}

TEST_CASE("transport: STARTTLS where offered; the clear where its handshake breaks") {
    OneHop site;
    site.b.extensions = {"PIPELINING", "STARTTLS"};
    SUBCASE("works") {
        site.start();
        site.submit({"bob@b.example"});
        REQUIRE(site.until_empty());
        REQUIRE(site.b.taken.size() == 1);
        CHECK(site.b.taken[0].tls);
        CHECK(site.b.count("EHLO") == 2);
        CHECK(site.log_line("event=attempt ").contains("tls=TLSv1.3"));
    }
    SUBCASE("breaks") {
        site.b.breaks_tls = true;
        site.start();
        site.submit({"bob@b.example"});
        REQUIRE(site.until_empty(10s));
        REQUIRE(site.b.taken.size() == 1);
        CHECK_FALSE(site.b.taken[0].tls);
        CHECK(site.b.connections == 2);
    }
    SUBCASE("is refused with 454") {
        site.b.answer = say("STARTTLS", "454 4.7.0 no\r\n");
        site.start();
        site.submit({"bob@b.example"});
        REQUIRE(site.until_empty(10s));
        REQUIRE(site.b.taken.size() == 1);
        CHECK_FALSE(site.b.taken[0].tls);
        CHECK(site.b.connections == 1);
    }
}

TEST_CASE("transport: replies injected behind STARTTLS are refused, RFC 3207 §6") {
    OneHop site;
    site.b.extensions = {"STARTTLS"};
    site.b.answer = say("STARTTLS", "220 go\r\n250 injected\r\n", 1);
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.logged("event=attempt "); }));
    CHECK(site.log_line("event=attempt ").contains("not asked for"));
    CHECK(site.b.taken.empty());
    CHECK(site.b.connections == 1);  // not once more in the clear
}

TEST_CASE("transport: a hop without SMTPUTF8 gets no message that needs it, RFC 6531 §3.2") {
    struct Case {
        std::string recipient;
        std::string header;
        bool bounced;
    };
    const Case cases[] = {
        {"bob@b.example", "Subject: plain\r\n", false},
        {"bob@b.example", "Subject: gr\xC3\xBC\xC3\x9F\r\n", true},
        {"j\xC3\xB6rg@b.example", "Subject: plain\r\n", true},
    };
    for (const auto& [recipient, header, bounced] : cases) {
        CAPTURE(header);
        OneHop site;
        const AccountId ann = site.add_ann();
        site.b.extensions = {"PIPELINING"};
        site.start();
        site.submit({recipient}, header + "\r\nbody \xC3\xBC\r\n",
                    [](queue::NewEntry& entry) { entry.smtputf8 = true; });
        REQUIRE(site.until_empty());
        CHECK(site.b.taken.size() == (bounced ? 0 : 1));
        const auto inbox = site.inbox(ann);
        REQUIRE(inbox.size() == (bounced ? 1 : 0));
        if (bounced) CHECK(inbox[0].contains("5.6.7"));
    }
}

TEST_CASE("transport: a message above the announced SIZE is not even offered, RFC 1870") {
    OneHop site;
    const AccountId ann = site.add_ann();
    site.b.extensions = {"SIZE 100"};
    site.start();
    site.submit({"bob@b.example"}, "Subject: x\r\n\r\n" + std::string(200, 'x') + "\r\n");
    REQUIRE(site.until_empty());
    CHECK(site.b.count("MAIL") == 0);
    const auto inbox = site.inbox(ann);
    REQUIRE(inbox.size() == 1);
    CHECK(inbox[0].contains("5.3.4"));
}

TEST_CASE("transport: a connection is used again, then ended with QUIT") {
    OneHop site;
    site.options.per_destination_max = 1;
    site.options.messages_per_connection_max = 3;
    site.start();
    for (int i = 0; i < 5; ++i) site.submit({"bob@b.example"});
    REQUIRE(site.until_empty());
    CHECK(site.b.taken.size() == 5);
    CHECK(site.b.connections == 2);
    REQUIRE(site.until([&] { return site.b.open == 0; }, 10s));
    CHECK(site.b.count("QUIT") == 2);
    CHECK(site.transport->connections() == 0);
}

TEST_CASE("transport: a kept connection that the server closed meanwhile costs no attempt") {
    OneHop site;
    site.options.cached_for = 1h;
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty());
    REQUIRE(site.b.open == 1);
    site.network.cut(site.network.links().front().id);
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty(10s));
    CHECK(site.b.taken.size() == 2);
    CHECK(site.b.connections == 2);
}

TEST_CASE("transport: no more than the cap go to one destination, and others are not held up") {
    OneHop site;
    ScriptedServer c(site.network, "mx.c.example", {"198.51.100.3"});
    site.network.zone().add_mx("c.example", 10, "mx.c.example");
    site.network.zone().add_address("mx.c.example", "198.51.100.3");
    site.options.per_destination_max = 2;  // relay.connections_per_destination_max
    site.network.set_delay([](const net::MemoryLink& link) { return link.to == "mx.b.example" ? 10s : 1ms; });
    site.start();
    for (int i = 0; i < 7; ++i) site.submit({"bob@b.example"});
    site.submit({"cat@c.example"});
    REQUIRE(site.until([&] { return c.taken.size() == 1; }, 5s));
    CHECK(site.b.taken.empty());
    REQUIRE(site.until_empty());
    CHECK(site.b.taken.size() == 7);
    CHECK(site.b.open_most == 2);
}

TEST_CASE("transport: other options hold for what begins after them") {
    OneHop site;
    ScriptedServer smart(site.network, "smart.example", {"198.51.100.9"}, 587);
    site.network.zone().add_address("smart.example", "198.51.100.9");
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty(1min));
    CHECK(site.b.taken.size() == 1);
    TransportOptions options = site.options;
    options.smart_host = SmartHost{.host = "smart.example", .port = 587, .require_tls = false};
    site.transport->change(options);
    site.network.run_for(10s);  // kept connections are gone
    site.submit({"bob@b.example"});
    site.submit({"cat@c.example"});
    REQUIRE(site.until_empty(1min));
    CHECK(site.b.taken.size() == 1);
    CHECK(smart.taken.size() == 2);
    site.transport->change(site.options);  // was not there at the start: may go again
    site.network.run_for(10s);
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty(1min));
    CHECK(site.b.taken.size() == 2);
    CHECK(smart.taken.size() == 2);
}

TEST_CASE("transport: stop lets what is under way finish, and gives back what does not") {
    OneHop site;
    site.network.set_delay([](const net::MemoryLink&) { return 1s; });
    site.start();
    const QueueId id = site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.b.count("EHLO") == 1; }));
    SUBCASE("in time") {
        site.stop(1min);
        CHECK(site.b.taken.size() == 1);
        CHECK(site.gone(id));
    }
    SUBCASE("not in time") {
        site.stop(0s);
        CHECK(site.b.taken.empty());
        CHECK(site.show(id).recipients[0].attempts == 0);
        CHECK(site.queue->counts().leased == 0);
    }
}

TEST_CASE("transport: what was delivered while the store failed is recorded later, not sent twice") {
    OneHop site;
    site.b.answer = [&site](const std::string& line) -> std::optional<std::string> {
        if (line == ".") site.disk->set_failing(true);
        return std::nullopt;
    };
    site.start();
    const QueueId id = site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.logged("event=outcome.failed"); }));
    site.network.run_for(1min);
    CHECK(site.b.taken.size() == 1);
    site.disk->set_failing(false);
    REQUIRE(site.until_empty());
    CHECK(site.b.taken.size() == 1);
    CHECK(site.gone(id));
}

}  // namespace heliopost::transport
