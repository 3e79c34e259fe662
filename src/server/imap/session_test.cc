#include <doctest/doctest.h>

#include "base/base64.h"
#include "proto/sasl/client.h"
#include "server/imap/test_client.h"

namespace heliopost::imap_server {
namespace {

using Strings = std::vector<std::string>;
using Begin = TestClient::Begin;

const std::string plain = to_base64(std::string_view("\0ann@a.example\0secret", 21));

}  // namespace

TEST_CASE("session: without TLS there is no login, RFC 9051 §6.2.3") {
    TestServer server(false);
    TestClient client(server, Begin::greeted);
    CHECK(client.greeting.contains(" STARTTLS LOGINDISABLED]"));
    CHECK_FALSE(client.greeting.contains("AUTH="));
    CHECK(client.run("LOGIN ann@a.example secret").no("PRIVACYREQUIRED"));
    CHECK(client.run("AUTHENTICATE PLAIN " + plain).no("PRIVACYREQUIRED"));
    CHECK(client.start_tls());
    CHECK(client.next() == "TLS OK begin TLS");
    const Answer after = client.run("CAPABILITY");
    CHECK(after.count("AUTH=SCRAM-SHA-256 AUTH=PLAIN") == 1);
    CHECK(after.count("LOGINDISABLED") == 0);
    CHECK(after.count("LITERAL-") == 1);
    CHECK(client.run("STARTTLS").bad());
    const Answer in = client.run("LOGIN ann@a.example secret");
    CHECK(in.ok());
    CHECK(in.end.contains(" LITERAL+ "));
    CHECK(client.run("STARTTLS").bad());
}

TEST_CASE("session: a command that was said in the clear behind STARTTLS is never obeyed") {
    TestServer server(false);
    TestClient client(server, Begin::greeted);
    CHECK_FALSE(client.start_tls("B NOOP\r\n"));
    CHECK(client.next() == "TLS OK begin TLS");
    CHECK(client.closed());
    CHECK(client.next().empty());
}

TEST_CASE("session: AUTHENTICATE with and without an initial response, RFC 4959") {
    TestServer server;
    {
        TestClient client(server, Begin::greeted);
        CHECK(client.run("AUTHENTICATE PLAIN " + plain).end.starts_with("OK [CAPABILITY IMAP4rev1 "));
        CHECK(client.run("AUTHENTICATE PLAIN " + plain).bad());
    }
    {
        TestClient client(server, Begin::greeted);
        const Answer in = client.run("AUTHENTICATE PLAIN", {plain + "\r\n"});
        CHECK(in.lines == Strings{"+ "});
        CHECK(in.ok());
    }
    TestClient client(server, Begin::greeted);
    CHECK(client.run("AUTHENTICATE PLAIN", {"*\r\n"}).bad());
    CHECK(client.run("AUTHENTICATE PLAIN", {"!!!\r\n"}).bad());
    CHECK(client.run("AUTHENTICATE PLAIN " + to_base64(std::string_view("\0ann@a.example\0x", 16)))
              .no("AUTHENTICATIONFAILED"));
    CHECK(client.run("AUTHENTICATE X-NONE").no("CANNOT"));
    CHECK(client.run("LOGIN {13}", {"ann@a.example {6}\r\n", "secret\r\n"}).ok());
}

TEST_CASE("session: SCRAM-SHA-256") {
    TestServer server;
    for (const bool right : {true, false}) {
        TestClient client(server, Begin::greeted);
        sasl::Client scram(sasl::Mechanism::scram_sha_256, {"ann@a.example", "", right ? "secret" : "wrong"},
                           "clientnonce");
        const std::string first = scram.start().value().value_or("");
        client.send("A AUTHENTICATE SCRAM-SHA-256 " + to_base64(first) + "\r\n");
        std::string last;
        while ((last = client.next()).starts_with("+ ")) {
            const auto answer = scram.respond(from_base64(last.substr(2)).value_or(""));
            client.send(answer ? to_base64(*answer) + "\r\n" : "*\r\n");
        }
        CHECK(last.starts_with(right ? "A OK" : "A NO [AUTHENTICATIONFAILED]"));
        CHECK(scram.finish().has_value() == right);
    }
}

TEST_CASE("session: which command may come when, RFC 9051 §6") {
    TestServer server;
    TestClient client(server, Begin::greeted);
    for (const char* command : {"SELECT INBOX", "LIST \"\" *", "ENABLE CONDSTORE", "FETCH 1 FLAGS", "IDLE",
                                "NAMESPACE", "APPEND INBOX {0+}\r\n"})
        CHECK(client.run(command).bad());
    CHECK(client.run("NOOP").ok());
    CHECK(client.run("ID NIL").lines == Strings{"* ID (\"name\" \"Heliopost\")"});
    CHECK(client.run("LOGIN ann@a.example secret").ok());
    CHECK(client.run("LOGIN ann@a.example secret").bad());
    for (const char* command :
         {"FETCH 1 FLAGS", "STORE 1 FLAGS ()", "SEARCH ALL", "COPY 1 Sent", "MOVE 1 Sent", "EXPUNGE",
          "UID EXPUNGE 1", "CLOSE", "UNSELECT", "CHECK", "UID FETCH 1 FLAGS"})
        CHECK(client.run(command).bad());
    CHECK(client.run("NAMESPACE").lines == Strings{"* NAMESPACE ((\"\" \"/\")) NIL NIL"});
    CHECK(client.run("ENABLE X-OTHER CONDSTORE IMAP4rev2").lines == Strings{"* ENABLED CONDSTORE IMAP4rev2"});
    CHECK(client.run("SELECT INBOX")
              .ok());  // RFC 9051 §6.3.1: a server need not look whether a mailbox is open
    CHECK(client.run("ENABLE QRESYNC").lines == Strings{"* ENABLED QRESYNC"});
    const Answer out = client.run("LOGOUT");
    CHECK(out.text() == "* BYE logging out\nOK LOGOUT completed");
    CHECK(client.closed());
}

TEST_CASE("session: pipelined commands are answered in order") {
    TestServer server;
    TestClient client(server);
    client.send("A SELECT INBOX\r\nB NOOP\r\nC STATUS Sent (MESSAGES)\r\nD CLOSE\r\nE FETCH 1 FLAGS\r\n");
    CHECK(client.until("A").end == "OK [READ-WRITE] SELECT completed");
    CHECK(client.until("B").text() == "OK NOOP completed");
    CHECK(client.until("C").text() == "* STATUS Sent (MESSAGES 0)\nOK STATUS completed");
    CHECK(client.until("D").text() == "OK CLOSE completed");
    CHECK(client.until("E").bad());
}

TEST_CASE("session: wrong commands, and an end to patience") {
    TestServer server;
    TestClient client(server);
    CHECK(client.run("NOSUCH").bad());
    CHECK(client.run("FETCH").bad());
    client.send("\r\n");
    CHECK(client.next().starts_with("* BAD"));
    client.send("+ NOOP\r\n");
    CHECK(client.next().starts_with("* BAD"));
    client.send("A NOOP\n");
    CHECK(client.next().starts_with("A BAD"));
    CHECK(client.run("SELECT &").end.starts_with("NO"));
    std::string last;
    for (int i = 0; i < errors_max + 1; ++i) client.send("A NOSUCH\r\n");
    while (true) {
        const std::string line = client.next();
        if (line.empty()) break;
        last = line;
    }
    CHECK(last == "* BYE too many errors");
    CHECK(client.closed());
}

TEST_CASE("session: guessing passwords ends in BYE") {
    TestServer server;
    TestClient client(server, Begin::greeted);
    for (int i = 0; i < login_errors_max; ++i)
        CHECK(client.run("LOGIN ann@a.example wrong").no("AUTHENTICATIONFAILED"));
    CHECK(client.run("LOGIN ann@a.example wrong").no("AUTHENTICATIONFAILED"));
    CHECK(client.next() == "* BYE too many errors");
    CHECK(client.closed());
}

TEST_CASE("session: lines and literals past their limits") {
    TestServer server;
    TestClient client(server);
    const std::string start = "A NOOP ";
    client.send(start + std::string(imap::line_octets_max, 'x') + "\r\nB NOOP\r\n");
    CHECK(client.next().starts_with("A BAD"));
    CHECK(client.next().starts_with("B OK"));
    CHECK(client.run("LOGIN {2000000}").bad());
    CHECK(client.run("NOOP").ok());
    client.send("C SELECT {2000000+}\r\n");
    const std::string big(2'000'000, 'x');
    client.send(big + "\r\nD NOOP\r\n");
    CHECK(client.next().starts_with("C BAD"));
    CHECK(client.next().starts_with("D OK"));

    {
        TestClient stranger(server, Begin::greeted);
        for (const char* command : {"LOGIN {4097}", "LOGIN {1000000}"})
            CHECK(stranger.run(command).end.starts_with("BAD [TOOBIG] "));
        CHECK(stranger.run("LOGIN {4}", {"ann@ {4093}\r\n"}).end.starts_with("BAD [TOOBIG] "));
        CHECK(stranger.run("LOGIN {13}", {"ann@a.example {6}\r\n", "secret\r\n"}).ok());
        CHECK(stranger.run("SEARCH {4097}", {std::string(4097, 'x') + "\r\n"}).count("+ ") == 1);
    }
    TestClient stranger(server, Begin::greeted);  // LITERAL-: RFC 7888 §5
    stranger.send("A LOGIN {4097+}\r\n");
    CHECK(stranger.next().starts_with("A BAD"));
    CHECK(stranger.next().starts_with("* BYE"));
    CHECK(stranger.closed());
}

TEST_CASE("session: only BAD commands without a good one between them end it") {
    TestServer server;
    TestClient client(server);
    for (int i = 0; i < 2 * errors_max; ++i) CHECK(client.run("SELECT &").end.starts_with("NO"));
    for (int i = 0; i < 2 * errors_max; ++i) {
        CHECK(client.run("NOSUCH").bad());
        CHECK(client.run("NOOP").ok());
    }
    CHECK_FALSE(client.closed());
}

TEST_CASE("session: a stranger has login_time_max, whatever he says meanwhile") {
    TestServer server;
    TestClient talking(server, Begin::greeted);
    TestClient dripping(server, Begin::greeted);
    TestClient client(server);
    dripping.send("A LOGIN ");
    for (std::chrono::seconds passed{0}; passed < login_time_max - std::chrono::seconds(20);
         passed += std::chrono::seconds(20)) {
        CHECK(talking.run("NOOP").ok());
        dripping.send("x");
        server.network.run_for(std::chrono::seconds(20));
    }
    CHECK(server.sessions() == 3);
    server.network.run_for(std::chrono::seconds(21));
    CHECK(talking.next() == "* BYE idle for too long");
    CHECK(talking.closed());
    CHECK(dripping.closed());
    CHECK(client.run("NOOP").ok());
}

TEST_CASE("session: a silent client is told BYE, RFC 9051 §5.4") {
    TestServer server;
    TestClient stranger(server, Begin::greeted);
    TestClient client(server);
    server.network.run_for(login_time_max + std::chrono::seconds(1));
    CHECK(stranger.next() == "* BYE idle for too long");
    CHECK(client.run("NOOP").ok());
    server.network.run_for(std::chrono::minutes(29));
    CHECK(client.run("NOOP").ok());
    server.network.run_for(idle_time_max + std::chrono::seconds(1));
    CHECK(client.next() == "* BYE idle for too long");
    CHECK(client.closed());
    CHECK(server.sessions() == 0);
}

TEST_CASE("session: a stopped server says so") {
    TestServer server;
    TestClient idle(server);
    TestClient waiting(server);
    idle.send("A IDLE\r\n");
    CHECK(idle.next() == "+ idling");
    server.stop();
    CHECK(idle.next() == "* BYE [UNAVAILABLE] the server is going down");
    CHECK(waiting.next() == "* BYE [UNAVAILABLE] the server is going down");
}

TEST_CASE("session: IDLE tells what happens until DONE, RFC 9051 §6.3.13") {
    TestServer server;
    TestClient client(server);
    CHECK(client.run("IDLE", {"DONE\r\n"}).ok());  // also without a mailbox
    CHECK(client.run("SELECT INBOX").ok());
    client.send("A IDLE\r\n");
    CHECK(client.next() == "+ idling");
    server.deliver("INBOX", message_with("one"));
    CHECK(client.next() == "* 1 EXISTS");
    TestClient other(server);
    CHECK(other.run("SELECT INBOX").ok());
    CHECK(other.run("STORE 1 +FLAGS (\\Deleted $New)").ok());
    CHECK(client.next() == "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $New)");
    CHECK(client.next().starts_with("* OK [PERMANENTFLAGS ("));
    CHECK(client.next() == "* 1 FETCH (FLAGS (\\Deleted $New))");
    CHECK(other.run("EXPUNGE").has("* 1 EXPUNGE"));
    CHECK(client.next() == "* 1 EXPUNGE");
    server.deliver("Sent", message_with("elsewhere"));
    CHECK(client.unasked().empty());
    client.send("done\r\n");
    CHECK(client.next() == "A OK IDLE completed");
    client.send("B IDLE\r\n");
    CHECK(client.next() == "+ idling");
    client.send("NOOP\r\n");
    CHECK(client.next().starts_with("B BAD"));
    CHECK(client.run("NOOP").ok());
}

TEST_CASE("session: a client that closes in the middle of anything leaves nothing behind") {
    for (const char* begun : {"", "A", "A LOGIN {5}\r\n", "A APPEND INBOX {100+}\r\nFrom:", "A IDLE\r\n",
                              "A AUTHENTICATE PLAIN\r\n"})
        for (const bool in : {false, true}) {
            CAPTURE(begun);
            TestServer server;
            TestClient client(server, in ? Begin::logged_in : Begin::greeted);
            client.send(begun);
            (void)client.unasked();
            client.half_close();
            CHECK(client.closed());
            CHECK(server.sessions() == 0);
        }
}

}  // namespace heliopost::imap_server
