// A server that drains, seen by POP3 clients.
#include <doctest/doctest.h>

#include "server/pop3/session.h"
#include "server/pop3/test_service.h"

namespace heliopost::pop3_server {
namespace {

constexpr std::size_t large = 500'000;  // more than the network holds

struct Draining : TestServer {
    net::Event closing{*world};
    AccountId ann = add_account("ann@a.example");
    Draining() {
        service.closing = &closing;
        file(ann, "Subject: 1\r\n\r\n" + std::string(large, 'x') + "\r\n");
    }
};

constexpr const char* down = "-ERR [SYS/TEMP] the server is going down\r\n";

}  // namespace

TEST_CASE_FIXTURE(Draining, "drain: an idle client is told so, and what it had marked stays") {
    TestClient stranger(*this);
    stranger.hear();
    TestClient client(*this);
    CHECK(client.log_in("ann@a.example").starts_with("+OK"));
    CHECK(client.say("DELE 1\r\n").starts_with("+OK"));
    closing.set();
    CHECK(client.hear() == down);
    CHECK(stranger.hear() == down);
    CHECK(client.ended());
    CHECK(stranger.ended());
    CHECK(view_of(ann)->size() == 1);
}

TEST_CASE_FIXTURE(Draining, "drain: a message under way is sent to its end first") {
    TestClient client(*this);
    CHECK(client.log_in("ann@a.example").starts_with("+OK"));
    client.send("RETR 1\r\nDELE 1\r\n");
    network.run_for(std::chrono::seconds(1));
    closing.set();
    const std::string heard = client.hear(std::chrono::seconds(1));
    CHECK(heard.starts_with("+OK "));
    CHECK(heard.size() > large);
    CHECK(heard.ends_with("x\r\n.\r\n" + std::string(down)));
    CHECK(client.ended());
}

TEST_CASE_FIXTURE(Draining, "drain: past its time a session within a message is only closed") {
    TestClient client(*this);
    CHECK(client.log_in("ann@a.example").starts_with("+OK"));
    client.send("RETR 1\r\n");
    network.run_for(std::chrono::seconds(1));
    listener.stop_sessions();
    CHECK_FALSE(client.hear(std::chrono::seconds(1)).contains("-ERR"));
    CHECK(client.ended());
}

}  // namespace heliopost::pop3_server
