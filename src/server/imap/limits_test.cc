// What lies past a wait of this folder that no other test names.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/base64.h"
#include "directory/directory.h"
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

TEST_CASE("limits: the patterns of a LIST have list_octets_max together, with their reference") {
    TestServer server;
    TestClient client(server);
    const auto list = [&](std::size_t octets) {
        std::string patterns = "INBOX";
        for (std::size_t left = octets - patterns.size(); left > 0; left -= std::min<std::size_t>(left, 1000))
            patterns += ' ' + std::string(std::min<std::size_t>(left, 1000), 'x');
        return client.run("LIST \"\" (" + patterns + ")");
    };
    CHECK(list(list_octets_max).lines.size() == 1);
    CHECK(list(list_octets_max + 1).bad());
    CHECK(
        client.run("LIST " + std::string(500, 'r') + " (" + std::string(500, 'x') + " a b c d e f g)").bad());
}

TEST_CASE(
    "limits: others have turns while LIST and LSUB match many long names, and hold little of the answer") {
    TestServer server;
    TestClient client(server);
    for (int i = 0; i < 320; ++i) {
        std::string name = "m" + std::to_string(1000 + i);
        for (int level = 0; level < 2; ++level) name += '/' + std::string(220, 'p');
        REQUIRE(client.run("CREATE " + name).ok());
        REQUIRE(client.run("SUBSCRIBE " + name).ok());
    }
    std::string patterns;
    for (int i = 0; i < 4; ++i)
        patterns += (i == 0 ? "" : " ") + ("*" + std::string(900, 'p')) + "*" + std::to_string(i) + "z";
    const std::uint64_t before = server.network.turns();
    CHECK(client.run("LIST \"\" zzz").lines.empty());
    const std::uint64_t between = server.network.turns();
    CHECK(client.run("LIST \"\" (" + patterns + ")").lines.empty());
    const std::uint64_t steps = 320ULL * 447 * 4 * (900 / 64);
    CHECK(server.network.turns() - between >= between - before + steps / 500'000 - 1);
    server.largest_write = 0;
    CHECK(client.run("LSUB \"\" m*").lines.size() == 320);
    CHECK(server.largest_write > output_octets_max);
    CHECK(server.largest_write < output_octets_max + 2 * imap::mailbox_octets_max);
    // What is selected is asked for first: nothing is matched for a use that no mailbox has.
    const std::uint64_t late = server.network.turns();
    CHECK(client.run("LIST (SPECIAL-USE) \"\" (" + patterns + ")").lines.empty());
    CHECK(server.network.turns() - late <= between - before + 1);
}

TEST_CASE("limits: no more than lost_subscriptions_max names without a mailbox stay subscribed to") {
    constexpr std::size_t made = 300;
    TestServer server;
    TestClient client(server);
    for (std::size_t i = 0; i < made; ++i) {
        const std::string name = "r0/n" + std::to_string(i);
        REQUIRE(client.run("CREATE " + name).ok());
        REQUIRE(client.run("SUBSCRIBE " + name).ok());
    }
    for (std::size_t i = 0; i <= mailbox::lost_subscriptions_max / made; ++i)
        REQUIRE(client.run("RENAME r" + std::to_string(i) + " r" + std::to_string(i + 1)).ok());
    CHECK(client.run("LSUB \"\" r*").lines.size() == made + mailbox::lost_subscriptions_max);
}

TEST_CASE("limits: a login that the pool has no room for is told so") {
    TestServer server;
    const auto directory = directory::make_directory(server.store, *server.world);
    REQUIRE(server.run(directory->load()).has_value());
    REQUIRE(server.run(directory->add_domain("a.example")).has_value());
    REQUIRE(
        server.run(directory->add_account({"ann@a.example", "", "secret", 0, false}, nullptr)).has_value());
    directory::LoginOptions options;
    options.verify = [](std::string_view password, std::string_view /*hash*/) {
        return password == "secret";
    };
    const auto login = directory::make_login(*directory, *server.world, options);
    server.service.login = login.get();
    server.world->set_pool(0, {});
    TestClient client(server, TestClient::Begin::greeted);
    CHECK(client.run("LOGIN ann@a.example secret").no("UNAVAILABLE"));
    const std::string plain = to_base64(std::string("\0ann@a.example\0secret", 21));
    CHECK(client.run("AUTHENTICATE PLAIN " + plain).no("UNAVAILABLE"));
    server.world->set_pool(1, {});
    CHECK(client.run("LOGIN ann@a.example secret").ok());
}

}  // namespace heliopost::imap_server
