// Submission: who logs in, as whom mail goes out, and what is done to it (RFC 6409).
#include <doctest/doctest.h>

#include "base/assert.h"
#include "base/base64.h"
#include "proto/sasl/client.h"
#include "server/smtp/test_dialogue.h"

using namespace std::string_literals;

namespace heliopost::smtp_server {
namespace {

constexpr std::chrono::seconds login_time{60};  // longer than any delay after a wrong password

struct Submission : TestServer {
    AccountId ann = add_account("ann@a.example", 0, true);
    AccountId bob = add_account("bob@a.example");
    Submission() : TestServer(Role::submission) { add_alias("sales@a.example", {"ann@a.example"}); }

    static std::string plain(const std::string& user, const std::string& password) {
        return to_base64('\0' + user + '\0' + password);
    }
    void begin_tls(TestClient& client) {
        client.hear();
        client.say("EHLO c.b.example\r\n");
        client.say("STARTTLS\r\n");
        REQUIRE(client.start_tls());
        client.say("EHLO c.b.example\r\n");
    }
    void log_in(TestClient& client) {
        begin_tls(client);
        REQUIRE(client.say("AUTH PLAIN " + plain("ann@a.example", test_password) + "\r\n", login_time)
                    .starts_with("235 2.7.0"));
    }
};

struct FullQueue : TestServer {
    AccountId ann = add_account("ann@a.example");
    FullQueue()
        : TestServer(Role::submission, nullptr,
                     {.destination_of = {}, .room_entries = 1}) {  // in place of queue::entries_max
        add_alias("away@a.example", {"out@c.example"});
    }
};

}  // namespace

TEST_CASE_FIXTURE(FullQueue,
                  "submission: 452 for what would go out while the queue is full, and only for that") {
    TestClient client(*this);
    client.hear();
    client.say("EHLO c.b.example\r\nSTARTTLS\r\n");
    REQUIRE(client.start_tls());
    client.say("EHLO c.b.example\r\n");
    REQUIRE(client.say("AUTH PLAIN " + Submission::plain("ann@a.example", test_password) + "\r\n", login_time)
                .starts_with("235"));
    const std::string message = "From: ann@a.example\r\n\r\nx\r\n";
    REQUIRE(send_message(client, {"out@c.example"}, message, "ann@a.example").starts_with("250"));
    client.say("MAIL FROM:<ann@a.example>\r\n");
    CHECK(client.say("RCPT TO:<out@c.example>\r\n").starts_with("452 4.3.1 the queue is full"));
    CHECK(client.say("RCPT TO:<away@a.example>\r\n").starts_with("452 4.3.1"));
    CHECK(client.say("RCPT TO:<ann@a.example>\r\n").starts_with("250"));
    client.say("DATA\r\n");
    CHECK(client.say(message + ".\r\n").starts_with("250"));
    CHECK(messages(ann).size() == 1);
    REQUIRE(queued().size() == 1);
    CHECK(run(queue->drop(queued()[0].entry->id, std::nullopt)) == 1);
    CHECK(send_message(client, {"out@c.example"}, message, "ann@a.example").starts_with("250"));
}

TEST_CASE("submission: one account has its share of the queue, and the others have theirs") {
    TestServer server(Role::submission, nullptr,
                      {.destination_of = {}, .room_account_rows = 3});  // in place of queue::account_rows_max
    server.add_account("ann@a.example");
    server.add_account("bob@a.example");
    server.add_alias("away@a.example", {"one@c.example", "two@c.example"});
    const auto log_in = [&](TestClient& client, const std::string& user) {
        client.hear();
        client.say("EHLO c.b.example\r\nSTARTTLS\r\n");
        REQUIRE(client.start_tls());
        client.say("EHLO c.b.example\r\n");
        REQUIRE(client.say("AUTH PLAIN " + Submission::plain(user, test_password) + "\r\n", login_time)
                    .starts_with("235"));
    };
    TestClient ann(server);
    log_in(ann, "ann@a.example");
    const std::string message = "From: ann@a.example\r\n\r\nx\r\n";
    REQUIRE(send_message(ann, {"out@c.example"}, message, "ann@a.example").starts_with("250"));
    ann.say("MAIL FROM:<ann@a.example>\r\n");
    CHECK(ann.say("RCPT TO:<out@c.example>\r\n").starts_with("250"));
    CHECK(ann.say("RCPT TO:<away@a.example>\r\n").starts_with("452 4.3.1 too many recipients of your mail"));
    CHECK(ann.say("RCPT TO:<bob@a.example>\r\n").starts_with("250"));  // his mailbox is no queue
    CHECK(ann.say("RCPT TO:<out2@c.example>\r\n").starts_with("250"));
    CHECK(ann.say("RCPT TO:<out3@c.example>\r\n").starts_with("452 4.3.1"));
    ann.say("DATA\r\n");
    CHECK(ann.say(message + ".\r\n").starts_with("250"));
    CHECK(server.queued().size() == 2);

    TestClient bob(server);
    log_in(bob, "bob@a.example");
    const std::string his = "From: bob@a.example\r\n\r\nx\r\n";
    CHECK(send_message(bob, {"away@a.example"}, his, "bob@a.example").starts_with("250"));
    CHECK(server.run(server.queue->drop(server.queued()[0].entry->id, std::nullopt)) == 1);
    CHECK(send_message(ann, {"out@c.example"}, message, "ann@a.example").starts_with("250"));
}

TEST_CASE_FIXTURE(Submission, "submission: nothing goes before TLS and login") {
    play(*this, {{"", "220"},
                 {"EHLO c.b.example", "250"},
                 {"AUTH PLAIN " + plain("ann@a.example", test_password), "530 5.7.0 must issue STARTTLS"},
                 {"MAIL FROM:<ann@a.example>", "530 5.7.0"},
                 {"RCPT TO:<ann@a.example>", "530 5.7.0"},
                 {"BDAT 6\r\nQUIT", "530 5.7.0"},
                 {"VRFY ann", "530"},
                 {"NOOP", "250"}});
    CHECK(logins == 0);
    TestClient client(*this);
    begin_tls(client);
    CHECK(client.say("EHLO c\r\n").contains("AUTH SCRAM-SHA-256 PLAIN LOGIN"));
    CHECK(client.say("MAIL FROM:<ann@a.example>\r\n").starts_with("530 5.7.0 authentication"));
    CHECK(client.say("BDAT 6\r\nQUIT\r\n").starts_with("503"));
    CHECK(client.say("NOOP\r\n").starts_with("250"));
}

TEST_CASE_FIXTURE(Submission, "submission: a From or Bcc in disguise is refused") {
    TestClient client(*this);
    log_in(client);
    for (const std::string& line :
         {"From\0: boss@c.example\r\n"s, "Bcc\0: x@c.example\r\n"s, "\0Bcc: x@c.example\r\n"s}) {
        for (const std::string& end : {"\r\nhi\r\n"s, ""s}) {
            CAPTURE(line);
            CHECK(send_message(client, {"bob@a.example"}, line + "From: ann@a.example\r\n" + end,
                               "ann@a.example")
                      .starts_with("550 5.6.0"));
        }
    }
    CHECK(send_message(client, {"bob@a.example"}, " x\r\nFrom: ann@a.example\r\n\r\n", "ann@a.example")
              .starts_with("550 5.6.0"));
    CHECK(messages(bob).empty());
}

TEST_CASE_FIXTURE(Submission, "submission: results in our name are taken out, RFC 8601 §5") {
    const Judging judging{
        .enabled = false, .trusted = {*net::parse_network("0.0.0.0/0")}, .names = {"mx.a.example"}};
    service.judging = &judging;
    TestClient client(*this);
    log_in(client);
    const std::string rest = "From: ann@a.example\r\nBcc: x@c.example\r\nSubject: s\r\n";
    for (const std::string& end : {"\r\nhi\r\n"s, ""s}) {
        const std::string answer = send_message(
            client, {"bob@a.example"},
            "Authentication-Results: mx.a.example; dmarc=pass\r\n" + rest +
                "Authentication-Results\r\n : mx.a.example;\r\n dkim=pass\r\nX-Last: 1\r\n" + end,
            "ann@a.example");
        CHECK_MESSAGE(answer.starts_with("250"), answer);
    }
    const auto mail = messages(bob);
    REQUIRE(mail.size() == 2);
    for (const std::string& one : mail) {
        CHECK_FALSE(one.contains("Authentication-Results"));
        CHECK_FALSE(one.contains("Bcc"));
        CHECK(one.contains("Message-ID: "));
        CHECK(one.contains("Subject: s\r\nX-Last: 1\r\n"));
    }
    service.judging = nullptr;
}

TEST_CASE_FIXTURE(Submission, "submission: AUTH in all its forms (RFC 4954)") {
    struct Case {
        std::vector<std::string> lines;
        const char* last;
    };
    const std::string user = to_base64("ann@a.example");
    const std::string password = to_base64(test_password);
    const Case cases[] = {
        {{"AUTH PLAIN " + plain("ann@a.example", test_password)}, "235 2.7.0"},
        {{"AUTH PLAIN", plain("ANN@A.example", test_password)}, "235"},
        {{"AUTH LOGIN", user, password}, "235"},
        {{"AUTH LOGIN " + user, password}, "235"},
        {{"auth plain " + to_base64("ann@a.example\0ann@a.example\0"s + test_password)}, "235"},
        {{"AUTH PLAIN " + to_base64("bob@a.example\0ann@a.example\0"s + test_password)}, "535 5.7.8"},
        {{"AUTH PLAIN", "*"}, "501"},
        {{"AUTH LOGIN", user, "*"}, "501"},
        {{"AUTH PLAIN !!!"}, "501 5.5.2"},
        {{"AUTH PLAIN ="}, "501"},
        {{"AUTH PLAIN", "AGFubg"}, "501"},
        {{"AUTH PLAIN", to_base64("no nul")}, "501"},
        {{"AUTH PLAIN", std::string(13'000, 'A')}, "500 5.5.6"},
        {{"AUTH"}, "501"},
        {{"AUTH CRAM-MD5"}, "504 5.5.4"},
        {{"AUTH EXTERNAL ="}, "504"},
        {{"AUTH SCRAM-SHA-256-PLUS"}, "504"},
        {{"AUTH SCRAM-SHA-256", to_base64("p=tls-unique,,n=ann@a.example,r=abc")}, "5"},
        {{"AUTH SCRAM-SHA-256", to_base64("n,,n=ann@a.example,r=abc"), "*"}, "501"},
        {{"AUTH SCRAM-SHA-256", to_base64("n,,n=ann@a.example,r=abc"), to_base64("c=biws,r=abc,p=AAAA")},
         "535"},
    };
    for (const auto& [lines, last] : cases) {
        CAPTURE(lines[0]);
        TestClient client(*this);
        begin_tls(client);
        std::string heard;
        for (const std::string& line : lines) {
            if (!heard.empty()) CHECK_MESSAGE(heard.starts_with("334 "), heard);
            heard = client.say(line + "\r\n", login_time);
        }
        CHECK_MESSAGE(heard.starts_with(last), heard);
        CHECK(client.say("NOOP\r\n").starts_with("250"));
    }
}

TEST_CASE_FIXTURE(Submission, "submission: a wrong password and an unknown user answer and cost the same") {
    std::string answers[2];
    int cost[2] = {};
    const char* const users[2] = {"ann@a.example", "nobody@a.example"};
    for (const int i : {0, 1}) {
        TestClient client(*this);
        begin_tls(client);
        const int before = logins;
        answers[i] = client.say("AUTH PLAIN " + plain(users[i], "wrong") + "\r\n", login_time);
        cost[i] = logins - before;
    }
    CHECK(answers[0] == "535 5.7.8 wrong user name or password\r\n");
    CHECK(answers[1] == answers[0]);
    CHECK(cost[0] == 1);
    CHECK(cost[1] == 1);
}

TEST_CASE_FIXTURE(Submission, "submission: SCRAM-SHA-256, right and wrong") {
    for (const bool right : {true, false}) {
        TestClient client(*this);
        begin_tls(client);
        sasl::Client scram(sasl::Mechanism::scram_sha_256,
                           {"ann@a.example", "", right ? test_password : "wrong"},
                           "fyko+d2lbbFgONRv9qkxdawL");
        const auto first = scram.start();
        REQUIRE(first.has_value());
        const std::optional<std::string> initial = *first;
        ASSERT(initial.has_value());
        std::string heard = client.say("AUTH SCRAM-SHA-256 " + to_base64(*initial) + "\r\n", login_time);
        REQUIRE(heard.starts_with("334 "));
        const auto challenge = from_base64(heard.substr(4, heard.size() - 6));
        ASSERT(challenge.has_value());
        const auto final_message = scram.respond(*challenge);
        REQUIRE(final_message.has_value());
        heard = client.say(to_base64(*final_message) + "\r\n", login_time);
        if (!right) {
            CHECK(heard.starts_with("535 5.7.8"));
            continue;
        }
        REQUIRE(heard.starts_with("334 "));
        const auto signature = from_base64(heard.substr(4, heard.size() - 6));
        ASSERT(signature.has_value());
        REQUIRE(scram.respond(*signature).has_value());
        CHECK(scram.finish().has_value());
        CHECK(client.say("\r\n").starts_with("235 2.7.0"));
    }
}

TEST_CASE_FIXTURE(Submission, "submission: AUTH once, not inside a transaction, and gone with STARTTLS") {
    TestClient client(*this);
    log_in(client);
    CHECK(client.say("AUTH PLAIN " + plain("ann@a.example", test_password) + "\r\n").starts_with("503"));
    CHECK(client.say("EHLO again\r\n").starts_with("250"));
    CHECK(client.say("MAIL FROM:<ann@a.example> AUTH=<>\r\n").starts_with("250"));
    CHECK(client.say("AUTH PLAIN\r\n").starts_with("503"));
}

TEST_CASE_FIXTURE(Submission, "submission: as whom one may send: MAIL and From") {
    TestClient client(*this);
    log_in(client);
    struct Case {
        const char* from;
        const char* reply;
    };
    const Case senders[] = {{"ann@a.example", "250"},       {"ANN+x@A.example", "250"},
                            {"sales@a.example", "250"},     {"", "250"},
                            {"bob@a.example", "553 5.7.1"}, {"ann@b.example", "553 5.7.1"},
                            {"postmaster@a.example", "553"}};
    for (const auto& [from, reply] : senders) {
        CAPTURE(from);
        CHECK(client.say("MAIL FROM:<"s + from + ">\r\n").starts_with(reply));
        client.say("RSET\r\n");
    }
    const Case headers[] = {
        {"From: ann@a.example\r\n", "250"},
        {"From: \"Ann, the first\" <ann@a.example>, sales@a.example\r\n", "250"},
        {"from:\r\n ann@a.example\r\n", "250"},
        {"From: bob@a.example\r\n", "550 5.7.1"},
        {"From: ann@a.example, bob@a.example\r\n", "550 5.7.1"},
        {"From: ann@a.example\r\nFrom: bob@a.example\r\n", "550 5.7.1"},
        {"From: bob@a.example\r\nFrom: ann@a.example\r\n", "550 5.7.1"},
        {"From: undisclosed:;\r\n", "550 5.7.1"},
        {"From:\r\n", "550 5.7.1"},
        {"From: boss\r\n", "550 5.7.1"},
        {"Subject: none\r\n", "550 5.7.1"},
        {"From: \"ann@a.example\" <bob@a.example>\r\n", "550 5.7.1"},
        {"From: friends: ann@a.example, bob@a.example;\r\n", "550 5.7.1"},
    };
    for (const auto& [from, reply] : headers) {
        CAPTURE(from);
        const std::string got =
            send_message(client, {"out@c.example"}, from + "\r\nhi\r\n"s, "ann@a.example");
        CHECK_MESSAGE(got.starts_with(reply), got);
    }
    CHECK(queued().size() == 3);
}

TEST_CASE_FIXTURE(Submission, "submission: Date and Message-ID added, Bcc removed, no client named") {
    for (const bool named : {false, true}) {
        service.add_client_address = named;
        TestClient client(*this);
        log_in(client);
        const std::string reply = send_message(
            client, {"out@c.example", "bob@a.example", "hidden@d.example"},
            "From: ann@a.example\r\nBcc: hidden@d.example\r\nSubject: s\r\n\r\nBcc: body\r\n.dot\r\n",
            "ann@a.example");
        REQUIRE(reply.starts_with("250 2.0.0 accepted as "));
        const std::string id = reply.substr(22, 13);
        const auto mail = messages(bob);
        REQUIRE_FALSE(mail.empty());
        const std::string& text = mail.back();
        CHECK(text.starts_with("Return-Path: <ann@a.example>\r\nDelivered-To: bob@a.example\r\nReceived: "));
        CHECK(text.contains("Date: Mon, 23 Nov 2026"));
        CHECK(text.contains("Message-ID: <" + id + "@mx.a.example>\r\n"));
        CHECK(text.contains("with ESMTPSA"));
        CHECK(text.ends_with("From: ann@a.example\r\nSubject: s\r\n\r\nBcc: body\r\n.dot\r\n"));
        CHECK_FALSE(text.contains("hidden"));
        CHECK(text.contains("192.0.2.2") == named);
        CHECK(text.contains("c.b.example") == named);
    }
    const auto out = queued();
    REQUIRE(out.size() == 2);
    CHECK(out[0].entry->source == queue::Source::submission);
    CHECK(out[0].entry->identity == ann);
    CHECK(out[0].entry->prefix.starts_with("Received: by mx.a.example"));
    CHECK_FALSE(out[0].entry->prefix.contains("Return-Path"));
    REQUIRE(out[0].recipients.size() == 2);
    CHECK(smtp::to_string(out[0].recipients[0].address) == "out@c.example");
}

TEST_CASE_FIXTURE(Submission, "submission: BDAT is edited as DATA is; a header without end is refused") {
    TestClient client(*this);
    log_in(client);
    const std::string message = "From: ann@a.example\r\nBcc: x@y.example\r\n\r\nhi\r\n";
    client.say("MAIL FROM:<>\r\nRCPT TO:<bob@a.example>\r\n");
    std::string all;
    for (const char c : message) all += "BDAT 1\r\n" + std::string(1, c);
    CHECK(codes_of(client.say(all + "BDAT 0 LAST\r\n")).ends_with("250 250"));
    REQUIRE(messages(bob).size() == 1);
    CHECK(messages(bob)[0].ends_with("From: ann@a.example\r\n\r\nhi\r\n"));
    std::string endless;
    while (endless.size() <= delivery::submitted_header_max)
        endless += "X-Y: " + std::string(900, 'z') + "\r\n";
    CHECK(send_message(client, {"bob@a.example"}, endless, "ann@a.example").starts_with("552 5.3.4"));
    CHECK(messages(bob).size() == 1);
}

TEST_CASE_FIXTURE(Submission, "submission: an unknown local recipient is refused, a foreign one is queued") {
    TestClient client(*this);
    log_in(client);
    client.say("MAIL FROM:<ann@a.example>\r\n");
    CHECK(client.say("RCPT TO:<nobody@a.example>\r\n").starts_with("550 5.1.1"));
    CHECK(client.say("RCPT TO:<ann%c.example@a.example>\r\n").starts_with("550 5.1.1"));
    CHECK(client.say("RCPT TO:<out@c.example>\r\n").starts_with("250"));
}

TEST_CASE_FIXTURE(Submission, "submission: TLS from the start (RFC 8314)") {
    service.tls_from_start = true;
    TestClient client(*this);
    REQUIRE(client.start_tls());
    CHECK(client.hear().starts_with("220 "));
    CHECK(client.say("EHLO c\r\n").contains("AUTH"));
}

TEST_CASE_FIXTURE(Submission, "submission: a login that the pool has no room for is told so: RFC 4954 §6") {
    TestClient client(*this);
    begin_tls(client);
    const std::string auth = "AUTH PLAIN " + plain("ann@a.example", test_password) + "\r\n";
    world->set_pool(0, {});
    CHECK(client.say(auth, login_time).starts_with("454 4.7.0"));
    world->set_pool(1, {});
    CHECK(client.say(auth, login_time).starts_with("235"));
}

}  // namespace heliopost::smtp_server
