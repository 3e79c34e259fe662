// What a connection holds for a client that does not read, whatever the message.
#include <doctest/doctest.h>

#include "mailbox/email_record.h"
#include "proto/imap/structure_writer.h"
#include "proto/mime/scanner.h"
#include "server/imap/fetch.h"
#include "server/imap/test_client.h"

namespace heliopost::imap_server {
namespace {

constexpr std::size_t held_max = 1U << 20;  // of one connection: architecture.md §10

// Everything before the body of a message of one header field of `octets` octets, folded.
std::string large_field(const std::string& name, std::size_t octets) {
    std::string out = name + ": begin";
    while (out.size() < octets) out += "\r\n " + std::string(900, 'x');
    return out + "\r\n";
}

std::string literal(const std::string& octets) {
    return "{" + std::to_string(octets.size()) + "}\r\n" + octets;
}

}  // namespace

TEST_CASE("fetch: HEADER.FIELDS of a header of 3 MB holds at most 1 MB for a client that does not read") {
    TestServer server;
    const std::string large = large_field("X-Large", 1'500'000);
    const std::string other = large_field("X-Other", 1'500'000);
    server.deliver("INBOX", large + other + "Subject: s\r\n\r\nbody\r\n");
    TestClient client(server);
    CHECK(client.run("SELECT INBOX").ok());
    client.pause();
    server.largest_write = 0;
    client.send(
        "A FETCH 1 (BODY.PEEK[HEADER.FIELDS (X-Large)] BODY.PEEK[HEADER.FIELDS.NOT (X-Large)] "
        "BODY.PEEK[HEADER.FIELDS (Subject)] BODY.PEEK[HEADER.FIELDS (X-Other)]<1000.20>)\r\n");
    server.network.run_for(std::chrono::seconds(10));
    CHECK(server.largest_write > 0);
    client.resume();
    const Answer answer = client.until("A");
    CHECK(server.largest_write < held_max);
    REQUIRE(answer.ok());
    REQUIRE(answer.lines.size() == 1);
    CHECK((answer.lines[0] == "* 1 FETCH (BODY[HEADER.FIELDS (X-Large)] " + literal(large + "\r\n") +
                                  " BODY[HEADER.FIELDS.NOT (X-Large)] " +
                                  literal(other + "Subject: s\r\n\r\n") + " BODY[HEADER.FIELDS (Subject)] " +
                                  literal("Subject: s\r\n\r\n") + " BODY[HEADER.FIELDS (X-Other)]<1000> " +
                                  literal(other.substr(1000, 20)) + ")"));
}

TEST_CASE("fetch: a long ENVELOPE is sent in pieces, whatever else is asked for") {
    TestServer server;
    std::string from = "From: first@a.example";
    while (from.size() < 400'000) from += ",\r\n " + std::string(60, 'u') + "@a.example";
    const std::string message = from + "\r\nSubject: s\r\nX-Other: o\r\n\r\nbody\r\n";
    server.deliver("INBOX", message, "()", 2);
    const auto structure = mime::scan(message);
    std::string envelope;
    imap::append_envelope(envelope, structure.envelopes.at(0), imap::Revision::rev1);
    CHECK(envelope.size() > 1'000'000);  // who sent it stands there three times
    TestClient client(server);
    CHECK(client.run("SELECT INBOX").ok());
    server.largest_write = 0;
    const Answer alone = client.run("FETCH 1:2 (UID ENVELOPE RFC822.SIZE)");
    const std::string size = std::to_string(message.size());
    CHECK(alone.has("* 1 FETCH (UID 1 ENVELOPE " + envelope + " RFC822.SIZE " + size + ")"));
    CHECK(alone.has("* 2 FETCH (UID 2 ENVELOPE " + envelope + " RFC822.SIZE " + size + ")"));
    const Answer both = client.run("FETCH 2 (ENVELOPE BODY.PEEK[HEADER.FIELDS (X-Other)])");
    CHECK(both.lines.size() == 1);
    CHECK(both.count("(ENVELOPE " + envelope + " BODY[HEADER.FIELDS (X-Other)] ") == 1);
    CHECK(server.largest_write >= output_octets_max);
    CHECK(server.largest_write < output_octets_max + 1024);
}

TEST_CASE("fetch: an ENVELOPE that is asked for a hundred times is told once") {
    TestServer server;
    std::string to = "To: first@a.example";
    while (to.size() < 1'500'000) to += ",\r\n " + std::string(60, 'u') + "@a.example";
    server.deliver("INBOX", to + "\r\nSubject: s\r\n\r\nbody\r\n");
    TestClient client(server);
    CHECK(client.run("SELECT INBOX").ok());
    std::string items = "ENVELOPE BODYSTRUCTURE";
    for (int i = 0; i < 50; ++i) items += " ENVELOPE BODYSTRUCTURE";
    client.pause();
    server.largest_write = 0;
    client.send("A FETCH 1 (" + items + ")\r\n");
    server.network.run_for(std::chrono::seconds(10));
    client.resume();
    const Answer answer = client.until("A");
    REQUIRE(answer.ok());
    REQUIRE(answer.lines.size() == 1);
    CHECK(answer.lines[0].size() > 500'000);
    CHECK(answer.lines[0].find("ENVELOPE") == answer.lines[0].rfind("ENVELOPE"));
    CHECK(server.largest_write < output_octets_max + 1024);                // in pieces
    CHECK(answer.lines[0].size() < 2 * mailbox::email_record_octets_max);  // what a record holds, and quotes
}

TEST_CASE("fetch: others have a turn after each fetch_turn_octets that are changed, though nothing waits") {
    TestServer server;
    std::string lines;
    while (lines.size() < 2'000'000) lines += "a:\r\n";
    server.deliver("INBOX", lines + "\r\n" + lines);
    TestClient client(server);
    CHECK(client.run("SELECT INBOX").ok());
    for (const char* item :
         {"BODY.PEEK[HEADER.FIELDS (b)]", "BINARY.SIZE[1]", "BODY.PEEK[HEADER.FIELDS.NOT (a)]"}) {
        CAPTURE(item);
        std::uint64_t turns[2];
        for (const bool whole : {false, true}) {
            const std::uint64_t before = server.network.turns();
            CHECK(client.run("FETCH 1 (UID" + (whole ? " " + std::string(item) : "") + ")").ok());
            turns[whole ? 1 : 0] = server.network.turns() - before;
        }
        CHECK(turns[1] - turns[0] >= lines.size() / fetch_turn_octets);
    }
}

TEST_CASE("fetch: a HEADER.FIELDS with many names costs turns before it reads") {
    TestServer server;
    server.deliver("INBOX", message_with("s"), "()", 50);
    TestClient client(server);
    CHECK(client.run("SELECT INBOX").ok());
    std::string names = "Subject";
    for (int i = 1; i < 500; ++i) names += " n" + std::to_string(i);
    const std::uint64_t before = server.network.turns();
    const Answer one = client.run("FETCH 1 (BODY.PEEK[HEADER.FIELDS (" + names + ")])");
    const std::uint64_t between = server.network.turns();
    const Answer all = client.run("FETCH 1:50 (BODY.PEEK[HEADER.FIELDS (" + names + ")])");
    CHECK(server.network.turns() - between >= between - before + 50 * 500 * 64 / (2 * fetch_turn_octets));
    REQUIRE(all.ok());
    CHECK(one.count("Subject: s") == 1);
    CHECK(all.count("Subject: s") == 50);
}

}  // namespace heliopost::imap_server
