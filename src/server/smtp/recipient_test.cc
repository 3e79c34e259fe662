// RCPT: who is taken, who is put off, and what guessing costs.
#include <doctest/doctest.h>

#include "server/smtp/test_dialogue.h"

namespace heliopost::smtp_server {
namespace {

struct Recipients : TestServer {
    AccountId ann = add_account("ann@a.example");
    AccountId bob = add_account("bob@a.example", 400);
};

}  // namespace

TEST_CASE_FIXTURE(
    Recipients,
    "rcpt: postmaster and abuse of this host are taken at its name and address (RFC 5321 §4.5.1)") {
    service.host_name = "mail.host.example";  // no domain of the directory
    const std::string here = world->addresses()[0].to_string();
    struct Case {
        std::string to;
        const char* reply;
    };
    const Case cases[] = {
        {"postmaster@mail.host.example", "250"},  {"Postmaster@MAIL.Host.Example", "250"},
        {"abuse@mail.host.example", "250"},       {"postmaster@[" + here + "]", "250"},
        {"postmaster@[192.0.2.99]", "550 5.7.1"}, {"postmaster@[x-" + here + "]", "5"},
        {"ann@mail.host.example", "550 5.7.1"},   {"postmaster+x@mail.host.example", "550 5.7.1"},
        {"postmaster@host.example", "550 5.7.1"}, {"postmaster@xmail.host.example", "550 5.7.1"},
    };
    int taken = 0;
    for (const auto& [to, reply] : cases) {
        CAPTURE(to);
        TestClient client(*this);
        client.hear();
        client.say("EHLO b.example\r\n");
        const std::string heard = send_message(client, {to}, "Subject: s\r\n\r\n");
        CHECK_MESSAGE(heard.starts_with(reply), heard);
        if (heard.starts_with("250")) ++taken;
    }
    CHECK(taken == 4);
    CHECK(messages(ann).size() == 4);  // the first account's: RFC 5321 §4.1.1.3
    CHECK(queued().empty());
}

TEST_CASE_FIXTURE(Recipients, "rcpt: quota at RCPT; full disk at MAIL; full lists") {
    add_alias("both@a.example", {"ann@a.example", "bob@a.example"});
    TestClient client(*this);
    client.hear();
    client.say("EHLO b.example\r\n");
    CHECK(send_message(client, {"bob@a.example"}, std::string(100, 'x') + "\r\n").starts_with("250"));
    CHECK(send_message(client, {"bob@a.example"}, std::string(300, 'x') + "\r\n")
              .starts_with("250"));  // one over
    client.say("MAIL FROM:<>\r\n");
    CHECK(client.say("RCPT TO:<bob@a.example>\r\n").starts_with("452 4.2.2"));
    CHECK(client.say("RCPT TO:<both@a.example>\r\n").starts_with("250"));  // ann has room
    client.say("RSET\r\n");
    disk->set_full(true);
    CHECK(client.say("MAIL FROM:<>\r\n").starts_with("452 4.3.1"));
    disk->set_full(false);
    client.say("MAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\n");
    disk->set_full(true);
    client.say("DATA\r\n");
    CHECK(client.say("x\r\n.\r\n").starts_with("452 4.3.1"));
    disk->set_full(false);
    disk->set_failing(true);
    CHECK(send_message(client, {"ann@a.example"}, "x\r\n").starts_with("45"));
    disk->set_failing(false);
    CHECK(send_message(client, {"ann@a.example"}, "x\r\n").starts_with("250"));
    CHECK(messages(ann).size() == 1);
}

TEST_CASE_FIXTURE(Recipients, "rcpt: recipients past the limit are put off, the message goes to the others") {
    service.recipients_max = 3;  // in place of delivery::recipients_max
    TestClient client(*this);
    client.hear();
    client.say("EHLO b.example\r\nMAIL FROM:<>\r\n");
    std::string rcpts;
    for (int i = 0; i < 40; ++i) rcpts += "RCPT TO:<ann+" + std::to_string(i) + "@a.example>\r\n";
    const std::string codes = codes_of(client.say(rcpts));
    CHECK(codes.starts_with("250 250 250 452 452"));
    CHECK(client.say("DATA\r\n").starts_with("354"));  // no 421 for what is put off
    CHECK(client.say("x\r\n.\r\n").starts_with("250"));
    CHECK(messages(ann).size() == 1);
}

TEST_CASE_FIXTURE(Recipients, "rcpt: guessing names ends in 421, a message that is accepted starts anew") {
    TestClient client(*this);
    client.hear();
    client.say("EHLO b.example\r\n");
    const auto guess = [&](int times) {
        std::string heard = client.say("MAIL FROM:<>\r\n");
        for (int i = 0; i < times; ++i)
            heard += client.say("RCPT TO:<n" + std::to_string(i) + "@a.example>\r\n", 2 * unknown_delay_max);
        return heard + client.say("RSET\r\n");
    };
    CHECK_FALSE(guess(errors_max).contains("421"));
    CHECK(send_message(client, {"ann@a.example"}, "x\r\n").starts_with("250"));
    CHECK_FALSE(guess(errors_max).contains("421"));
    CHECK(guess(1).contains("421 4.7.0"));
    CHECK(client.ended());
}

TEST_CASE_FIXTURE(Recipients, "rcpt: who guesses names waits longer for each answer") {
    TestClient client(*this);
    client.hear();
    client.say("EHLO b.example\r\nMAIL FROM:<>\r\n");
    const std::string guess = "RCPT TO:<nobody@a.example>\r\n";
    for (int i = 0; i < unknown_recipients_free; ++i) CHECK(client.say(guess).starts_with("550 5.1.1"));
    for (const int milliseconds : {250, 500, 1'000, 2'000, 4'000, 8'000, 8'000}) {
        CAPTURE(milliseconds);
        CHECK(client.say(guess).empty());
        CHECK(client.hear(std::chrono::milliseconds(milliseconds - 10)).empty());
        CHECK(client.hear(std::chrono::milliseconds(20)).starts_with("550 5.1.1"));
    }
    CHECK(client.say("RCPT TO:<ann@a.example>\r\n").starts_with("250"));  // at once
    CHECK(client.say(guess).empty());
    listener.stop_sessions();  // no delay keeps a server from stopping
    CHECK(client.hear().starts_with("421 4.3.2"));
}

TEST_CASE_FIXTURE(Recipients, "rcpt: a new connection guesses no faster, another address does") {
    NameGuesses guesses("secret");
    service.guesses = &guesses;
    const std::string guess = "EHLO b.example\r\nMAIL FROM:<>\r\nRCPT TO:<nobody@a.example>\r\n";
    for (int i = 0; i < unknown_recipients_free; ++i)
        CHECK(TestClient(*this).say(guess).contains("550 5.1.1"));
    CHECK_FALSE(TestClient(*this).say(guess).contains("550 5.1.1"));
    network.run_for(guess_forgotten * 10);
    CHECK(TestClient(*this).say(guess).contains("550 5.1.1"));
}

TEST_CASE(
    "name guesses: an address forgets one a minute, a network of IPv6 is one address, the table is bounded") {
    const auto address = [](const char* text) { return boost::asio::ip::make_address(text); };
    NameGuesses guesses("secret", 2);
    const Instant begin{std::chrono::hours(1)};
    for (std::uint32_t i = 1; i < 5; ++i) CHECK(guesses.add(address("2001:db8::1"), begin) == i);
    CHECK(guesses.add(address("2001:db8::2"), begin) == 5);
    CHECK(guesses.add(address("192.0.2.1"), begin) == 1);
    CHECK(guesses.add(address("2001:db8::1"), begin + 2 * guess_forgotten) == 4);
    CHECK(guesses.add(address("192.0.2.2"), begin) == 1);  // a third: 192.0.2.1 was quiet the longest
    CHECK(guesses.add(address("192.0.2.1"), begin) == 1);
    for (std::uint32_t i = 0; i < 2 * guesses_counted_max; ++i) guesses.add(address("192.0.2.2"), begin);
    CHECK(guesses.add(address("192.0.2.2"), begin) == guesses_counted_max);
    static_assert(guessing_addresses_max <= 100'000);
}

TEST_CASE("rcpt: what comes from outside and is sent on has its share of the queue") {
    TestServer server(Role::mx, nullptr,
                      {.destination_of = {}, .room_outside_rows = 1});  // in place of queue::outside_rows_max
    server.add_account("ann@a.example");
    server.add_alias("away@a.example", {"out@c.example"});
    TestClient client(server);
    client.hear();
    client.say("EHLO b.example\r\n");
    REQUIRE(send_message(client, {"away@a.example"}, "x: y\r\n\r\n").starts_with("250"));
    CHECK(send_message(client, {"away@a.example"}, "x: y\r\n\r\n").starts_with("452 4.3.1 too much mail"));
    client.say("RSET\r\n");
    CHECK(send_message(client, {"ann@a.example"}, "x: y\r\n\r\n").starts_with("250"));
    CHECK(server.queue->has_room_for(AccountId(1), 1));
    CHECK(server.queued().size() == 1);
}

TEST_CASE_FIXTURE(Recipients, "rcpt: recipients put off for ever end in 421") {
    service.recipients_max = 1;
    TestClient client(*this);
    client.hear();
    client.say("EHLO b.example\r\nMAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\n");
    std::string all;
    for (std::size_t i = 0; i < refused_recipients_max; ++i) all += "RCPT TO:<ann@a.example>\r\n";
    CHECK_FALSE(client.say(all).contains("421"));
    client.say("DATA\r\n");
    CHECK(client.say("x\r\n.\r\n").starts_with("250"));  // makes up for it
    client.say("MAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\n");
    CHECK_FALSE(client.say(all).contains("421"));
    CHECK(client.say("RSET\r\nMAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\n").starts_with("250"));
    CHECK(client.say("RCPT TO:<ann@a.example>\r\n")
              .ends_with("421 4.5.3 too many recipients were refused\r\n"));
    CHECK(client.ended());
}

}  // namespace heliopost::smtp_server
