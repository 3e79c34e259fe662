// What lies past a wait of this folder that no other test names.
#include <doctest/doctest.h>

#include "server/pop3/session.h"
#include "server/pop3/test_service.h"

namespace heliopost::pop3_server {

TEST_CASE("limits: a handshake that does not come is waited for as long as tls_time_max") {
    TestServer server;
    TestClient client(server);
    client.hear();
    CHECK(client.say("STLS\r\n").starts_with("+OK"));
    server.network.run_for(tls_time_max - std::chrono::seconds(5));
    CHECK(server.listener.sessions() == 2);  // and the one that accepts
    server.network.run_for(std::chrono::seconds(10));
    CHECK(server.listener.sessions() == 1);
}

TEST_CASE("limits: a client that does not take its message is waited for as long as write_time_max") {
    TestServer server;
    const AccountId ann = server.add_account("ann@a.example");
    std::string big = "Subject: big\r\n\r\n";
    while (big.size() < 1'000'000) big += std::string(90, 'x') + "\r\n";
    server.file(ann, big);
    TestClient client(server);
    client.log_in("ann@a.example");
    client.send("RETR 1\r\n");
    server.network.run_for(std::chrono::milliseconds(1));
    server.network.partition("pop.a.example", "client.b.example");
    server.network.run_for(write_time_max - std::chrono::seconds(5));
    CHECK(server.listener.sessions() == 2);
    server.network.run_for(std::chrono::seconds(10));
    CHECK(server.listener.sessions() == 1);
}

TEST_CASE("limits: a stranger has login_time_max, whatever is said meanwhile, and STLS gives no more") {
    TestServer server;
    TestClient client(server);
    client.begin_tls();
    TestClient dripping(server);
    dripping.begin_tls();
    for (std::chrono::seconds passed{0}; passed < login_time_max; passed += std::chrono::seconds(20)) {
        CHECK(client.say("CAPA\r\n").starts_with("+OK"));
        dripping.send("x");
        server.network.run_for(std::chrono::seconds(20));
    }
    server.network.run_for(std::chrono::seconds(5));
    CHECK(server.listener.sessions() == 1);  // the one that accepts
}

TEST_CASE("limits: a login that the pool has no room for is told so: RFC 3206 §3") {
    TestServer server;
    server.add_account("ann@a.example");
    server.world->set_pool(0, {});
    TestClient client(server);
    CHECK(client.log_in("ann@a.example").starts_with("-ERR [SYS/TEMP]"));
    server.world->set_pool(1, {});
    client.say("USER ann@a.example\r\n");
    CHECK(client.say(std::string("PASS ") + test_password + "\r\n").starts_with("+OK"));
}

}  // namespace heliopost::pop3_server
