// What lies past a wait and a number of this folder that no other test names.
#include <doctest/doctest.h>

#include "server/smtp/session.h"
#include "server/smtp/test_dialogue.h"

namespace heliopost::smtp_server {

TEST_CASE("limits: a handshake that does not come is waited for as long as tls_time_max") {
    TestServer server;
    TestClient client(server);
    client.hear();
    client.say("EHLO b.example\r\n");
    CHECK(client.say("STARTTLS\r\n").starts_with("220"));
    server.network.run_for(tls_time_max - std::chrono::seconds(5));
    CHECK(server.listener.sessions() == 2);  // and the one that accepts
    server.network.run_for(std::chrono::seconds(10));
    CHECK(server.listener.sessions() == 1);
}

TEST_CASE("limits: all that the lists of one transaction lead to: reached_max, then 452") {
    TestServer server;
    for (int half = 0; half < 2; ++half) {
        std::vector<std::string> lists;
        for (std::size_t list = 0; list < 6; ++list) {
            std::vector<std::string> members;
            for (std::size_t i = 0; i < directory::alias_targets_max; ++i)
                members.push_back("m" + std::to_string(i) + "@l" + std::to_string(list) + ".example");
            lists.push_back("l" + std::to_string(half) + std::to_string(list) + "@a.example");
            server.add_alias(lists.back(), members);
        }
        server.add_alias("all" + std::to_string(half) + "@a.example", lists);
    }
    REQUIRE(12 * directory::alias_targets_max > reached_max);
    TestClient client(server);
    client.hear();
    client.say("EHLO b.example\r\nMAIL FROM:<>\r\n");
    CHECK(client.say("RCPT TO:<all0@a.example>\r\n").starts_with("250"));
    CHECK(client.say("RCPT TO:<all1@a.example>\r\n").starts_with("452 4.5.3"));
    CHECK(client.say("RSET\r\nMAIL FROM:<>\r\nRCPT TO:<all1@a.example>\r\n").ends_with("ok\r\n"));
}

}  // namespace heliopost::smtp_server
