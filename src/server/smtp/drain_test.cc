// A server that drains, seen by SMTP clients: RFC 5321 §3.8.
#include <doctest/doctest.h>

#include "server/smtp/session.h"
#include "server/smtp/test_service.h"

namespace heliopost::smtp_server {
namespace {

struct Draining : TestServer {
    net::Event closing{*world};
    AccountId ann = add_account("ann@a.example");
    Draining() { service.closing = &closing; }
};

constexpr const char* transaction =
    "EHLO b.example\r\nMAIL FROM:<x@b.example>\r\nRCPT TO:<ann@a.example>\r\nDATA\r\n";

}  // namespace

TEST_CASE_FIXTURE(Draining, "drain: an idle client is told 421 at once, one with half a command too") {
    TestClient idle(*this);
    TestClient half(*this);
    TestClient transacting(*this);
    idle.hear();
    half.hear();
    half.say("NOO");
    CHECK(transacting.say("EHLO b.example\r\nMAIL FROM:<x@b.example>\r\n").contains("250 2.1.0"));
    closing.set();
    for (TestClient* client : {&idle, &half, &transacting}) {
        CHECK(client->hear().starts_with("421 4.3.2 "));
        CHECK(client->ended());
    }
}

TEST_CASE_FIXTURE(Draining, "drain: a message under way is taken and answered, then comes 421") {
    TestClient client(*this);
    client.hear();
    CHECK(client.say(transaction).contains("354 "));
    CHECK(client.say("Subject: half\r\n").empty());
    closing.set();
    CHECK(client.hear(std::chrono::seconds(5)).empty());
    CHECK_FALSE(client.ended());
    const std::string heard = client.say("\r\nthe rest\r\n.\r\n", std::chrono::seconds(1));
    CHECK(heard.starts_with("250 2.0.0 accepted as "));
    CHECK(heard.contains("\r\n421 4.3.2 "));
    CHECK(client.ended());
    CHECK(view_of(ann)->size() == 1);
}

TEST_CASE_FIXTURE(
    Draining, "drain: a whole message in the socket is answered; what is pipelined behind is not obeyed") {
    TestClient client(*this);
    client.hear();
    CHECK(client.say(transaction).contains("354 "));
    client.send("Subject: whole\r\n\r\n.\r\nMAIL FROM:<y@b.example>\r\n");
    closing.set();
    const std::string heard = client.hear(std::chrono::seconds(1));
    CHECK(heard.starts_with("250 2.0.0 accepted as "));
    CHECK(heard.contains("\r\n421 4.3.2 "));
    CHECK_FALSE(heard.contains("250 2.1.0"));
    CHECK(client.ended());
    CHECK(view_of(ann)->size() == 1);
}

TEST_CASE_FIXTURE(Draining, "drain: within a handshake the connection is closed, nothing can be said") {
    TestClient client(*this);
    client.hear();
    client.say("EHLO b.example\r\n");
    CHECK(client.say("STARTTLS\r\n").starts_with("220 "));
    CHECK(listener.sessions() == 2);  // and who accepts
    closing.set();
    network.run_for(std::chrono::seconds(1));
    CHECK(listener.sessions() == 1);
}

TEST_CASE_FIXTURE(Draining, "drain: who connects in the last moment is told 421") {
    closing.set();
    TestClient client(*this);
    CHECK(client.hear().contains("421 4.3.2 "));
    CHECK(client.ended());
}

}  // namespace heliopost::smtp_server
