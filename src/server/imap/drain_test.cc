// A server that drains, seen by IMAP clients.
#include <doctest/doctest.h>

#include "server/imap/test_client.h"

namespace heliopost::imap_server {
namespace {

struct Draining : TestServer {
    net::Event closing{*world};
    Draining() { service.closing = &closing; }
};

constexpr std::string_view bye = "* BYE [UNAVAILABLE] the server is going down";

}  // namespace

TEST_CASE_FIXTURE(Draining, "drain: who waits, idles or has sent half a command is told BYE at once") {
    TestClient waiting(*this);
    TestClient half(*this);
    TestClient idle(*this);
    TestClient selected(*this);
    TestClient stranger(*this, TestClient::Begin::greeted);
    half.send("A NOO");
    idle.send("A IDLE\r\n");
    CHECK(idle.next() == "+ idling");
    CHECK(selected.run("SELECT INBOX").ok());
    selected.send("B IDLE\r\n");
    CHECK(selected.next() == "+ idling");
    network.run_for(std::chrono::seconds(1));
    closing.set();
    for (TestClient* client : {&waiting, &half, &idle, &selected, &stranger}) {
        CHECK(client->next() == bye);
        CHECK(client->closed());
    }
    CHECK(sessions() == 0);
}

TEST_CASE_FIXTURE(Draining, "drain: an APPEND under way is done and answered, then comes BYE") {
    TestClient client(*this);
    const std::string message = "Subject: whole\r\n\r\ntext\r\n";
    client.send("A APPEND INBOX {" + std::to_string(message.size()) + "+}\r\n" + message.substr(0, 10));
    network.run_for(std::chrono::seconds(1));
    closing.set();
    CHECK(client.unasked().empty());
    client.send(message.substr(10) + "\r\nB NOOP\r\n");
    CHECK(client.next().starts_with("A OK [APPENDUID "));
    CHECK(client.next() == bye);
    CHECK(client.closed());
    CHECK(sessions() == 0);
    const auto view = run(account()->view(mailbox::inbox));
    REQUIRE(view.has_value());
    CHECK((*view)->size() == 1);
}

TEST_CASE_FIXTURE(Draining, "drain: a FETCH under way is told to its end, with its tagged line") {
    deliver("INBOX", "Subject: large\r\n\r\n" + std::string(900'000, 'x') + "\r\n");
    TestClient client(*this);
    CHECK(client.run("SELECT INBOX").ok());
    client.pause();
    client.send("A FETCH 1 BODY.PEEK[]\r\n");
    network.run_for(std::chrono::seconds(1));
    closing.set();
    network.run_for(std::chrono::seconds(1));
    CHECK(sessions() == 1);
    client.resume();
    const Answer answer = client.until("A");
    CHECK(answer.ok());
    CHECK(answer.count("BODY[] {900020}") == 1);
    CHECK(client.next() == bye);
    CHECK(client.closed());
}

TEST_CASE_FIXTURE(Draining, "drain: who connects in the last moment is told BYE") {
    closing.set();
    service.tls_from_start = false;
    TestClient client(*this, TestClient::Begin::greeted);
    CHECK(client.next() == bye);
    CHECK(client.closed());
    CHECK(sessions() == 0);
}

}  // namespace heliopost::imap_server
