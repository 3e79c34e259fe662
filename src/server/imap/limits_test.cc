// What lies past a wait of this folder that no other test names.
#include <doctest/doctest.h>

#include "server/imap/fetch.h"
#include "server/imap/session.h"
#include "server/imap/test_client.h"

namespace heliopost::imap_server {

TEST_CASE("limits: half a command is waited for as long as command_time_max") {
    TestServer server;
    for (const char* half : {"A SEARCH TEX", "A SELECT {5}\r\n", "A APPEND INBOX {5}\r\nab"}) {
        CAPTURE(half);
        TestClient client(server);
        client.send(half);
        server.network.run_for(command_time_max - std::chrono::seconds(5));
        CHECK_FALSE(client.closed());
        server.network.run_for(std::chrono::seconds(10));
        CHECK(client.closed());
    }
    server.network.run_for(std::chrono::seconds(1));
    CHECK(server.sessions() == 0);
}

TEST_CASE("limits: a handshake that does not come is waited for as long as tls_time_max") {
    TestServer server(false);
    TestClient client(server, TestClient::Begin::greeted);
    client.send("A STARTTLS\r\n");
    CHECK(client.next().starts_with("A OK"));
    server.network.run_for(tls_time_max + std::chrono::seconds(1));
    CHECK(client.closed());
}

TEST_CASE(
    "limits: FETCH and SEARCH of more than emails_at_once, and than emails_octets_max holds, are whole") {
    TestServer server;
    std::string large = "Subject: large\r\nTo: a@a.example";
    while (large.size() < 900'000) large += ",\r\n " + std::string(900, 'u') + "@a.example";
    server.deliver("INBOX", large + "\r\n\r\nbody\r\n", "()", 12);
    server.deliver("INBOX", "Subject: small\r\n\r\nbody\r\n", "()", 2 * emails_at_once);
    TestClient client(server);
    CHECK(client.run("SELECT INBOX").ok());
    const Answer fetched = client.run("FETCH 1:* (BODYSTRUCTURE)");
    REQUIRE(fetched.ok());
    CHECK(fetched.lines.size() == 12 + 2 * emails_at_once);
    CHECK(client.run("SEARCH SUBJECT large BODY body").has("* SEARCH 1 2 3 4 5 6 7 8 9 10 11 12"));
}

}  // namespace heliopost::imap_server
