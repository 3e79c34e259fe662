// The memory of what comes in: shares of addresses, and what a client past them is told.
#include <doctest/doctest.h>

#include "net/test_client.h"
#include "server/smtp/session.h"
#include "server/smtp/test_dialogue.h"

namespace heliopost::smtp_server {
namespace {

net::IpAddress client_at(const std::string& text) {
    return boost::asio::ip::make_address(text);
}

struct Narrow : TestServer {
    AccountId ann = add_account("ann@a.example");
    Arriving arriving{45 * share_step};  // an address alone has five steps
    Narrow() { service.arriving = &arriving; }
};

constexpr const char* to_ann = "EHLO b.example\r\nMAIL FROM:<x@b.example>\r\nRCPT TO:<ann@a.example>\r\n";

// Begins a message that holds all that an address may, and stalls.
void stall(TestClient& client) {
    client.hear();
    CHECK(codes_of(client.say(std::string(to_ann) + "DATA\r\n")) == "250 250 250 354");
    std::string field(share_step, 'x');
    for (std::size_t at = 76; at < field.size(); at += 78) field.replace(at, 2, "\r\n");
    CHECK(client.say("Subject: held\r\n\r\n" + field).empty());
}

}  // namespace

TEST_CASE("arriving: an address holds an eighth of what all leave free, and the next still finds room") {
    Arriving arriving;
    std::vector<Arriving::Share> shares;
    const auto fill = [&](const std::string& from) {
        std::size_t held = 0;
        for (;;) {
            Arriving::Share share(&arriving, client_at(from), stranger_part);
            if (!share.begin() || !share.grow_for(message_held_max, message_held_max)) return held;
            held += share.octets();
            shares.push_back(std::move(share));
        }
    };
    CHECK(fill("192.0.2.1") / message_held_max == arriving_octets_max / 9 / message_held_max);
    CHECK(fill("192.0.2.1") == 0);
    for (int i = 2; i <= 20; ++i) CHECK(fill("192.0.2." + std::to_string(i)) > 0);
    CHECK(arriving.octets() <= arriving_octets_max);
    Arriving::Share small(&arriving, client_at("2001:db8::1"), stranger_part);
    CHECK(small.begin());
    CHECK(small.grow_for(10'000, message_held_max));
    shares.clear();
    small.give_back();
    CHECK(arriving.octets() == 0);
}

TEST_CASE("arriving: a share follows what came, up to what a message holds at most, and moves") {
    Arriving arriving;
    Arriving::Share share(&arriving, client_at("192.0.2.1"), stranger_part);
    CHECK(share.grow_for(1, message_held_max));
    CHECK(share.octets() == share_step);
    CHECK(share.grow_for(share_step, message_held_max));
    CHECK(share.octets() == share_step * (held_for_an_octet + 1));
    CHECK(share.grow_for(UINT64_MAX, submitted_held_max));
    CHECK(share.octets() == submitted_held_max);
    Arriving::Share other = std::move(share);
    CHECK(arriving.octets() == submitted_held_max);
    other = Arriving::Share(&arriving, client_at("192.0.2.1"), stranger_part);
    CHECK(arriving.octets() == 0);
    Arriving::Share uncounted;
    CHECK(uncounted.grow_for(UINT64_MAX, message_held_max));
}

TEST_CASE_FIXTURE(Narrow,
                  "arriving: past it DATA gets 452 4.3.1, nothing is lost, and the connection stays") {
    TestClient stalled(*this);
    stall(stalled);
    REQUIRE(arriving.octets() == 5 * share_step);
    TestClient next(*this);
    next.hear();
    CHECK(next.say(std::string(to_ann) + "DATA\r\n").contains("\r\n452 4.3.1 too many messages"));
    CHECK(next.say("NOOP\r\n").starts_with("250"));
    CHECK(codes_of(stalled.say("\r\n.\r\n", std::chrono::seconds(1))) == "250");
    CHECK(messages(ann).size() == 1);
    CHECK(arriving.octets() == 0);
    CHECK(send_message(next, {"ann@a.example"}, "Subject: again\r\n\r\nx\r\n").starts_with("250"));
    CHECK(messages(ann).size() == 2);
    CHECK(arriving.octets() == 0);
}

TEST_CASE_FIXTURE(Narrow, "arriving: while it is crowded, who is slow is refused and who is silent cut off") {
    TestClient slow(*this);
    TestClient silent(*this);
    for (TestClient* client : {&slow, &silent}) {
        client->hear();
        CHECK(client->say(std::string(to_ann) + "DATA\r\nSubject: x\r\n").contains("354 "));
    }
    CHECK(slow.say("X-A: b\r\n", crowded_time_free + std::chrono::seconds(5)).empty());
    CHECK(slow.say("X-B: b\r\n").empty());  // nobody else needs the room
    CHECK(silent.say("X-B: b\r\n").empty());
    CHECK(arriving.octets() == 2 * share_step);
    Arriving::Share others(&arriving, client_at("198.51.100.1"), 1);
    REQUIRE(others.grow_for(UINT64_MAX, 20 * share_step));
    CHECK(slow.say("X-C: b\r\n").empty());
    CHECK(arriving.octets() == 22 * share_step);
    REQUIRE(others.grow_for(UINT64_MAX, 21 * share_step));  // more than half with it
    CHECK(slow.say("X-D: b\r\n").empty());
    CHECK(arriving.octets() == 22 * share_step);
    CHECK(slow.say("\r\nx\r\n.\r\n").starts_with("452 4.3.1"));
    CHECK(slow.say("NOOP\r\n").starts_with("250"));
    Arriving::Share more(&arriving, client_at("198.51.100.2"), 1);
    REQUIRE(more.grow_for(UINT64_MAX, 2 * share_step));
    CHECK(silent.say("X-C: b\r\n", crowded_block_time_max - std::chrono::seconds(1)).empty());
    CHECK_FALSE(silent.ended());
    CHECK(silent.hear(std::chrono::seconds(2)).starts_with("421 4.4.2 "));
    CHECK(silent.ended());
}

TEST_CASE_FIXTURE(Narrow, "arriving: past it the chunk of a BDAT is read, then refused") {
    TestClient stalled(*this);
    stall(stalled);
    TestClient next(*this);
    next.hear();
    CHECK(codes_of(next.say(std::string(to_ann) + "BDAT 6\r\nRSET\r\nBDAT 6 LAST\r\nNOOP\r\nNOOP\r\n")) ==
          "250 250 250 452 503 250");
    CHECK(codes_of(next.say(std::string(to_ann) + "BDAT 6 LAST\r\nRSET\r\nNOOP\r\n")) ==
          "250 250 250 452 250");
    CHECK(messages(ann).empty());
}

TEST_CASE_FIXTURE(
    Narrow, "arriving: a message that grows past it is read to its end and refused, and holds nothing") {
    TestClient client(*this);
    for (const char* end : {"\r\n.\r\n", ""}) {
        CAPTURE(end);
        const bool chunks = std::string_view(end).empty();
        std::string body;
        while (body.size() < 8 * share_step) body += std::string(70, 'x') + "\r\n";
        client.hear();
        client.say(std::string(to_ann) + (chunks ? "" : "DATA\r\n"));
        if (chunks) client.send("BDAT " + std::to_string(body.size()) + " LAST\r\n");
        client.say(body.substr(0, body.size() / 2));
        CHECK(arriving.octets() == 0);
        CHECK(client.say(body.substr(body.size() / 2) + end).starts_with("452 4.3.1"));
    }
    CHECK(send_message(client, {"ann@a.example"}, "Subject: small\r\n\r\nx\r\n").starts_with("250"));
    CHECK(messages(ann).size() == 1);
}

TEST_CASE_FIXTURE(Narrow,
                  "arriving: past it LMTP answers DATA once, and the end of a message each recipient") {
    add_account("bob@a.example");
    service.role = Role::lmtp;
    std::vector<Arriving::Share> others;  // each takes half of what is left, until nothing is
    for (int n = 1; n <= 8; ++n) {
        Arriving::Share& one =
            others.emplace_back(&arriving, client_at("198.51.100." + std::to_string(n)), 1);
        while (one.grow_by(share_step / 4)) {
        }
    }
    TestClient client(*this);
    client.hear();
    const std::string two =
        "LHLO b.example\r\nMAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\nRCPT TO:<bob@a.example>\r\n";
    CHECK(codes_of(client.say(two + "DATA\r\nNOOP\r\n")) == "250 250 250 250 452 250");
    CHECK(codes_of(client.say(two + "BDAT 5 LAST\r\nRSET\nNOOP\r\n")) == "250 250 250 250 452 452 250");
    CHECK(messages(ann).empty());
}

TEST_CASE_FIXTURE(Narrow, "arriving: what many small parts become is counted before the message is judged") {
    TestClient client(*this);
    client.hear();
    client.say("EHLO b.example\r\n");
    std::string parts = "Content-Type: multipart/mixed; boundary=x\r\n\r\n";
    for (int n = 0; n < 300; ++n) parts += "--x\r\n\r\n";
    CHECK(send_message(client, {"ann@a.example"}, parts).starts_with("452 4.3.1"));
    CHECK(arriving.octets() == 0);
    service.arriving = nullptr;
    CHECK(send_message(client, {"ann@a.example"}, parts).starts_with("250"));
    CHECK(messages(ann).size() == 1);
}

TEST_CASE_FIXTURE(Narrow, "arriving: it comes back however a message ends") {
    const std::string begun = std::string(to_ann) + "DATA\r\nSubject: x\r\n";
    {
        TestClient gone(*this);
        gone.hear();
        gone.say(begun);
        CHECK(arriving.octets() == share_step);
    }
    network.run_for(std::chrono::seconds(1));
    CHECK(arriving.octets() == 0);

    TestClient chunked(*this);
    chunked.hear();
    CHECK(codes_of(chunked.say(std::string(to_ann) + "BDAT 3\r\nabc")) == "250 250 250 250");
    CHECK(arriving.octets() == share_step);
    CHECK(chunked.say("RSET\r\n").starts_with("250"));
    CHECK(arriving.octets() == 0);

    TestClient silent(*this);
    silent.hear();
    silent.say(begun);
    network.run_for(block_time_max + std::chrono::seconds(1));
    CHECK(arriving.octets() == 0);

    TestClient stopped(*this);
    stopped.hear();
    stopped.say(begun);
    CHECK(arriving.octets() == share_step);
    listener.stop_sessions();
    stopped.hear();
    CHECK(arriving.octets() == 0);
}

}  // namespace heliopost::smtp_server
