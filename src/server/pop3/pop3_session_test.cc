// Whole POP3 dialogues: RFC 1939, RFC 2449, RFC 2595, RFC 5034.
#include <doctest/doctest.h>

#include "base/base64.h"
#include "server/pop3/session.h"
#include "server/pop3/test_service.h"

using namespace std::string_literals;

namespace heliopost::pop3_server {
namespace {

constexpr std::chrono::seconds login_time{40};  // longer than any delay after a wrong password

struct Pop3 : TestServer {
    AccountId ann = add_account("ann@a.example");
    Pop3() {
        file(ann, "Subject: 1\r\n\r\none\r\n");
        file(ann, "Subject: 2\r\n\r\n.\r\n..two\r\nthree\r\nfour\r\n");
        file(ann, "Subject: 3\r\n\r\nno end");
    }
    static std::string plain(const std::string& user, const std::string& password) {
        return to_base64('\0' + user + '\0' + password);
    }
};

struct Line {
    std::string say, hear;
};

void play(TestClient& client, const std::vector<Line>& lines) {
    for (const auto& [say, hear] : lines) {
        CAPTURE(say);
        const std::string heard = client.say(say + "\r\n", std::chrono::milliseconds(1));
        CHECK_MESSAGE((hear.ends_with("\n") ? heard == hear : heard.starts_with(hear)), heard);
    }
}

const std::string traced = TestServer::trace;

}  // namespace

TEST_CASE_FIXTURE(Pop3, "pop3: what CAPA says before and after TLS, and what is refused without") {
    TestClient client(*this);
    CHECK(client.hear() == "+OK pop.a.example Heliopost POP3\r\n");
    const std::string before = client.say("CAPA\r\n");
    for (const char* word :
         {"\r\nTOP\r\n", "\r\nUIDL\r\n", "\r\nPIPELINING\r\n", "\r\nRESP-CODES\r\n", "\r\nSTLS\r\n"})
        CHECK_MESSAGE(before.contains(word), word);
    CHECK_FALSE(before.contains("USER"));
    CHECK_FALSE(before.contains("SASL"));
    play(client, {{"USER ann@a.example", "-ERR use STLS first\r\n"},
                  {"PASS x", "-ERR"},
                  {"AUTH PLAIN " + plain("ann@a.example", test_password), "-ERR use STLS first\r\n"},
                  {"STAT", "-ERR"},
                  {"RETR 1", "-ERR"},
                  {"NOOP", "-ERR"},
                  {"XYZZY", "-ERR"},
                  {"STLS now", "-ERR"},
                  {"STLS", "+OK"}});
    REQUIRE(client.start_tls());
    const std::string after = client.say("CAPA\r\n");
    CHECK(after.contains("\r\nUSER\r\nSASL SCRAM-SHA-256 PLAIN LOGIN\r\n"));
    CHECK_FALSE(after.contains("STLS"));
    CHECK(after.ends_with("\r\n.\r\n"));
    play(client, {{"STLS", "-ERR"}, {"QUIT", "+OK"}});
    CHECK(client.ended());
}

TEST_CASE_FIXTURE(Pop3, "pop3: octets behind STLS end the connection (CVE-2011-0411)") {
    TestClient client(*this);
    client.hear();
    CHECK(client.say("STLS\r\nUSER ann@a.example\r\n") == "+OK begin TLS\r\n");
    CHECK(client.ended());
}

TEST_CASE_FIXTURE(Pop3, "pop3: logging in, right and wrong") {
    const std::string user = to_base64("ann@a.example");
    const std::string password = to_base64(test_password);
    struct Case {
        std::vector<std::string> lines;
        const char* last;
    };
    const Case cases[] = {
        {{"USER ann@a.example", "PASS "s + test_password}, "+OK 3 messages"},
        {{"USER ann@a.example", "PASS wrong"}, "-ERR [AUTH]"},
        {{"USER nobody@a.example", "PASS wrong"}, "-ERR [AUTH]"},
        {{"USER nobody@a.example", "PASS wrong", "PASS "s + test_password}, "-ERR not now"},
        {{"PASS x"}, "-ERR not now"},
        {{"USER"}, "-ERR"},
        {{"AUTH PLAIN " + plain("ann@a.example", test_password)}, "+OK 3 messages"},
        {{"AUTH PLAIN", plain("ann@a.example", test_password)}, "+OK"},
        {{"AUTH LOGIN", user, password}, "+OK"},
        {{"AUTH PLAIN", "*"}, "-ERR"},
        {{"AUTH PLAIN", "%%"}, "-ERR"},
        {{"AUTH PLAIN", std::string(20'000, 'A')}, "-ERR"},
        {{"AUTH PLAIN " + plain("ann@a.example", "wrong")}, "-ERR [AUTH]"},
        {{"AUTH NTLM"}, "-ERR"},
        {{"AUTH"}, "-ERR"},
    };
    for (const auto& [lines, last] : cases) {
        CAPTURE(lines.back().substr(0, 60));
        TestClient client(*this);
        REQUIRE(client.begin_tls());
        std::string heard;
        for (const std::string& line : lines) heard = client.say(line + "\r\n", login_time);
        CHECK_MESSAGE(heard.starts_with(last), heard);
        const bool in = heard.starts_with("+OK");
        CHECK(client.say("STAT\r\n").starts_with(in ? "+OK 3 " : "-ERR"));
        client.say("QUIT\r\n");
    }
}

TEST_CASE_FIXTURE(Pop3, "pop3: a transaction as in RFC 1939 §10") {
    TestClient client(*this);
    CHECK(client.log_in("ann@a.example") == "+OK 3 messages\r\n");
    const std::string one = traced + "Subject: 1\r\n\r\none\r\n";
    const std::string two = traced + "Subject: 2\r\n\r\n.\r\n..two\r\nthree\r\nfour\r\n";
    const std::string three = traced + "Subject: 3\r\n\r\nno end";
    const std::string two_stuffed = traced + "Subject: 2\r\n\r\n..\r\n...two\r\nthree\r\nfour\r\n";
    const auto size = [](const std::string& text) { return std::to_string(text.size()); };
    const std::string total = std::to_string(one.size() + two.size() + three.size());
    play(client, {{"STAT", "+OK 3 " + total + "\r\n"},
                  {"LIST", "+OK sizes follow\r\n1 " + size(one) + "\r\n2 " + size(two) + "\r\n3 " +
                               size(three) + "\r\n.\r\n"},
                  {"LIST 2", "+OK 2 " + size(two) + "\r\n"},
                  {"LIST 4", "-ERR"},
                  {"LIST 0", "-ERR"},
                  {"LIST -1", "-ERR"},
                  {"RETR 1", "+OK " + size(one) + " octets\r\n" + one + ".\r\n"},
                  {"retr 2", "+OK " + size(two) + " octets\r\n" + two_stuffed + ".\r\n"},
                  {"RETR 3", "+OK " + size(three) + " octets\r\n" + three + "\r\n.\r\n"},
                  {"RETR 99999999999", "-ERR"},
                  {"RETR", "-ERR"},
                  {"TOP 2 0", "+OK " + size(two) + " octets\r\n" + traced + "Subject: 2\r\n\r\n.\r\n"},
                  {"TOP 2 2",
                   "+OK " + size(two) + " octets\r\n" + traced + "Subject: 2\r\n\r\n..\r\n...two\r\n.\r\n"},
                  {"TOP 2 100", "+OK " + size(two) + " octets\r\n" + two_stuffed + ".\r\n"},
                  {"TOP 2", "-ERR"},
                  {"TOP 9 0", "-ERR"},
                  {"NOOP", "+OK"},
                  {"DELE 1", "+OK"},
                  {"DELE 1", "-ERR"},
                  {"RETR 1", "-ERR"},
                  {"LIST 1", "-ERR"},
                  {"UIDL 1", "-ERR"},
                  {"STAT", "+OK 2 " + std::to_string(two.size() + three.size()) + "\r\n"},
                  {"LIST", "+OK sizes follow\r\n2 " + size(two) + "\r\n3 " + size(three) + "\r\n.\r\n"},
                  {"RSET", "+OK"},
                  {"STAT", "+OK 3 " + total + "\r\n"},
                  {"DELE 2", "+OK"},
                  {"QUIT", "+OK"}});
    CHECK(client.ended());
    const auto view = view_of(ann);
    REQUIRE(view->size() == 2);
    CHECK(view->at(0).uid == Uid{1});
    CHECK(view->at(1).uid == Uid{3});
}

TEST_CASE_FIXTURE(Pop3, "pop3: a message with bare LFs cannot speak for the server") {
    file(ann, "Subject: 4\n\nx\n.\n+OK fake\n");
    TestClient client(*this);
    client.log_in("ann@a.example");
    const std::string head = "+OK " + std::to_string(view_of(ann)->at(3).octets) + " octets\r\n" + traced;
    play(client, {{"RETR 4", head + "Subject: 4\r\n\r\nx\r\n..\r\n+OK fake\r\n.\r\n"},
                  {"TOP 4 0", head + "Subject: 4\r\n\r\n.\r\n"},
                  {"TOP 4 2", head + "Subject: 4\r\n\r\nx\r\n..\r\n.\r\n"}});
}

TEST_CASE_FIXTURE(Pop3, "pop3: UIDL is UIDVALIDITY.UID and stays over sessions") {
    std::string first;
    for (const int round : {1, 2}) {
        TestClient client(*this);
        client.log_in("ann@a.example");
        const std::string heard = client.say("UIDL\r\n");
        const std::string validity = std::to_string(view_of(ann)->status().uid_validity.value);
        CHECK(heard == "+OK ids follow\r\n1 " + validity + ".1\r\n2 " + validity + ".2\r\n3 " + validity +
                           ".3\r\n.\r\n");
        CHECK(client.say("UIDL 3\r\n") == "+OK 3 " + validity + ".3\r\n");
        if (round == 1) first = heard;
        CHECK(heard == first);
        client.say("QUIT\r\n");
    }
}

TEST_CASE_FIXTURE(Pop3, "pop3: without QUIT nothing is removed") {
    {
        TestClient client(*this);
        client.log_in("ann@a.example");
        CHECK(client.say("DELE 1\r\nDELE 2\r\n").starts_with("+OK"));
        client.end_output();
        client.hear();
        CHECK(client.ended());
    }
    CHECK(view_of(ann)->size() == 3);
    TestClient idle(*this);
    idle.log_in("ann@a.example");
    idle.say("DELE 1\r\n");
    const Instant before = network.tick();
    idle.hear(std::chrono::minutes(15));
    CHECK(idle.ended());  // idle_time_max, RFC 1939 §3: no sooner, and then without an update
    CHECK(network.tick() - before >= std::chrono::minutes(10) - 10 * TestClient::quiet);
    CHECK(view_of(ann)->size() == 3);
}

TEST_CASE_FIXTURE(Pop3, "pop3: one session at a time, IN-USE for the second (RFC 2449 §8.1.1)") {
    TestClient second(*this);
    {
        TestClient first(*this);
        CHECK(first.log_in("ann@a.example").starts_with("+OK"));
        CHECK(second.log_in("ann@a.example").starts_with("-ERR [IN-USE] "));
        CHECK(first.say("STAT\r\n").starts_with("+OK 3"));
        first.say("QUIT\r\n");
    }
    second.say("USER ann@a.example\r\n");
    CHECK(second.say("PASS "s + test_password + "\r\n", login_time).starts_with("+OK 3"));
}

TEST_CASE_FIXTURE(Pop3, "pop3: a snapshot: what IMAP expunges or delivers in between moves no number") {
    TestClient client(*this);
    client.log_in("ann@a.example");
    imap::UidSet gone;
    gone.add(Uid{1});
    REQUIRE(run(accounts->open(ann)->expunge(mailbox::inbox, gone, false)).has_value());
    file(ann, "Subject: new\r\n\r\n");
    CHECK(client.say("STAT\r\n").starts_with("+OK 3 "));
    CHECK(client.say("UIDL 2\r\n").ends_with(".2\r\n"));
    const std::string heard = client.say("RETR 1\r\n");
    CHECK((heard.starts_with("-ERR") || heard.ends_with("one\r\n.\r\n")));
    CHECK(client.say("RETR 2\r\n").starts_with("+OK"));
    CHECK(client.say("DELE 1\r\nDELE 3\r\nQUIT\r\n").ends_with("goodbye\r\n"));
    const auto view = view_of(ann);
    REQUIRE(view->size() == 2);
    CHECK(view->at(0).uid == Uid{2});
    CHECK(view->at(1).uid == Uid{4});
}

TEST_CASE_FIXTURE(Pop3,
                  "pop3: a large message is streamed octet-exact; a pipelined flood is answered in order") {
    std::string big = "Subject: big\r\n\r\n";
    for (std::size_t i = 0; big.size() < 2'000'000; ++i)
        big += "line " + std::to_string(i) + std::string(i % 90, 'x') + "\r\n";
    file(ann, big);
    TestClient client(*this);
    client.log_in("ann@a.example");
    const std::string want = traced + big;
    CHECK(
        (client.say("RETR 4\r\n") == "+OK " + std::to_string(want.size()) + " octets\r\n" + want + ".\r\n"));
    std::string flood, answers;
    for (int i = 0; i < 3'000; ++i) {
        flood += "NOOP\r\nLIST 1\r\n";
        answers += "+OK still here\r\n+OK 1 " + std::to_string(view_of(ann)->at(0).octets) + "\r\n";
    }
    const std::string heard = client.say(flood);
    CHECK_MESSAGE((heard == answers), heard.substr(0, 100));
}

TEST_CASE_FIXTURE(Pop3, "pop3: nonsense ends the session, gone messages do not") {
    TestClient client(*this);
    client.log_in("ann@a.example");
    for (int i = 0; i < 3 * errors_max; ++i) CHECK(client.say("RETR 77\r\n").starts_with("-ERR"));
    CHECK_FALSE(client.ended());
    std::string heard;
    for (int i = 0; i <= errors_max; ++i) heard += client.say("WHAT\r\n");
    CHECK(heard.ends_with("-ERR [SYS/TEMP] too many errors\r\n"));
    CHECK(client.ended());
    TestClient endless(*this);
    endless.hear();
    CHECK(endless.say(std::string(3'000, 'x') + "\r\nQUIT\r\n") == "-ERR line too long\r\n");
    CHECK(endless.ended());
}

TEST_CASE_FIXTURE(Pop3, "pop3: TLS from the start (RFC 8314)") {
    service.tls_from_start = true;
    TestClient client(*this);
    REQUIRE(client.start_tls());
    CHECK(client.hear().starts_with("+OK"));
    CHECK(client.say("CAPA\r\n").contains("USER"));
}

}  // namespace heliopost::pop3_server
