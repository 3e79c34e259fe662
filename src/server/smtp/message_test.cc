// DATA and BDAT: where a message ends, what it may hold, and that it comes out as it went in.
#include <doctest/doctest.h>

#include "server/smtp/test_dialogue.h"

using namespace std::string_literals;

namespace heliopost::smtp_server {
namespace {

struct Messages : TestServer {
    AccountId ann = add_account("ann@a.example");
    TestClient client{*this};

    Messages() {
        client.hear();
        client.say("EHLO b.example\r\n");
    }
    void begin() {
        require(codes_of(client.say("MAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\n")) == "250 250");
    }
    // The newest message without the trace fields.
    std::string newest() {
        const auto mail = messages(ann);
        if (mail.empty()) return "";
        const std::string& text = mail.back();
        const std::size_t received = text.find("Received:");
        return text.substr(text.find("+0000\r\n", received) + 7);
    }
};

}  // namespace

TEST_CASE_FIXTURE(Messages, "data: what was sent is what is kept, below the trace fields") {
    std::string long_line(64 * 1024, 'x');
    std::string big;
    for (int i = 0; big.size() < 900'000; ++i) big += "line " + std::to_string(i) + "\r\n.dot\r\n";
    const std::string texts[] = {
        "",
        "\r\n",
        "Subject: a\r\n\r\nb\r\n",
        "no header at all\r\n",
        "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n. \r\n",
        "Return-Path: <spoof@c.example>\r\nDelivered-To: x\r\nSubject: s\r\n\r\nb\r\n",
        std::string("Subject: nul\r\n\r\na\0b\r\n", 21),
        "Subject: 8\xe4"
        "bit\r\n\r\n\xff\xfe\r\n",
        long_line + "\r\n",
        "Subject: big\r\n\r\n" + big,
    };
    for (const std::string& message : texts) {
        CAPTURE(message.substr(0, 60));
        CHECK(send_message(client, {"ann@a.example"}, message).starts_with("250 2.0.0 accepted as "));
        CHECK((newest() == message));
    }
    const auto mail = messages(ann);
    CHECK(mail.size() == std::size(texts));
    for (const std::string& text : mail) {
        CHECK(text.starts_with("Return-Path: <x@b.example>\r\nDelivered-To: ann@a.example\r\nReceived: "));
    }
}

TEST_CASE_FIXTURE(Messages,
                  "data: a message that would go on with our trace fields is refused (RFC 5322 §2.2.3)") {
    for (const char* front :
         {" for <boss@a.example>; x\r\n", "\tx\r\nSubject: s\r\n\r\n", " \r\n", "\t\r\n\r\n"}) {
        CAPTURE(front);
        CHECK(send_message(client, {"ann@a.example"}, front).starts_with("550 5.6.0"));
        begin();
        const std::string octets(front);
        CHECK(client.say("BDAT 1\r\n" + octets.substr(0, 1)).starts_with("250"));
        CHECK(client.say("BDAT " + std::to_string(octets.size() - 1) + " LAST\r\n" + octets.substr(1))
                  .starts_with("550 5.6.0"));
    }
    CHECK(messages(ann).empty());
    CHECK(send_message(client, {"ann@a.example"}, "\r\n in the body\r\n").starts_with("250"));
    CHECK(newest() == "\r\n in the body\r\n");
}

TEST_CASE_FIXTURE(Messages, "data: no smuggling form ends a message; a bare CR or LF gets 550") {
    const std::string forms[] = {
        "\n.\n",        "\n.\r\n",       "\r\n.\n",     "\r.\r",      "\r.\r\n",
        "\r\n.\r",      "\n.\r",         "\r.\n",       "\n\n.\r\n",  "\r\r\n.\r\n",
        "\r\n\r.\r\n",  "\r\n.\r\r\n",   "\r\n.\n\r\n", "\n.\r\r\n",  "\r\n\0.\r\n"s,
        "\r\n.\0\r\n"s, "\r\n\x1a.\r\n", "\r\n .\r\n",  "\r\n. \r\n", "\r\n.\x0b\r\n",
    };
    for (const std::string& form : forms) {
        CAPTURE(form);
        const auto before = messages(ann).size();
        begin();
        client.say("DATA\r\n");
        // What would be a second message, from the boss.
        const std::string heard = client.say(
            "Subject: one\r\n\r\nfirst" + form +
            "MAIL FROM:<boss@a.example>\r\nRCPT TO:<ann@a.example>\r\nDATA\r\nSubject: two\r\n\r\nx" +
            "\r\n.\r\n");
        const std::string codes = codes_of(heard);
        if (form.contains("\r\n.\r\n")) {
            // A true end behind a bare CR: that message is refused, and what follows are the client's
            // commands.
            CHECK(codes == "550 250 250 354 250");
            CHECK(messages(ann).size() == before + 1);
        } else if (heard.starts_with("550")) {
            CHECK(codes == "550");
            CHECK(messages(ann).size() == before);
        } else {
            CHECK(codes == "250");
            CHECK(messages(ann).size() == before + 1);
            CHECK(messages(ann).back().starts_with("Return-Path: <>"));
        }
        CHECK(client.say("RSET\r\n").starts_with("250"));
        CHECK_FALSE(client.ended());
    }
}

TEST_CASE_FIXTURE(Messages,
                  "data: a line past 64 KiB and a message past the limit are refused, the next one is not") {
    CHECK(send_message(client, {"ann@a.example"}, std::string(64 * 1024 + 1, 'x') + "\r\n")
              .starts_with("550 5.6.0"));
    service.message_octets_max = 10'000;
    const std::string line = std::string(998, 'x') + "\r\n";
    std::string ten;
    for (int i = 0; i < 10; ++i) ten += line;
    CHECK(send_message(client, {"ann@a.example"}, ten).starts_with("250"));
    CHECK(send_message(client, {"ann@a.example"}, ten + "x\r\n").starts_with("552 5.3.4"));
    CHECK(send_message(client, {"ann@a.example"}, "x\r\n").starts_with("250"));
    CHECK(messages(ann).size() == 2);
    CHECK(send_message(client, {"ann@a.example"}, ten + ten + ten + ten + ten + ten + ten + ten + ten)
              .starts_with("552 5.3.4"));
    CHECK(client.ended());  // nobody waits for the end of what has none
    CHECK(messages(ann).size() == 2);
}

TEST_CASE_FIXTURE(Messages, "bdat: all chunks of a message have one time together") {
    begin();
    constexpr std::chrono::minutes pause{4};  // within every other limit
    int taken = 0;
    while (!client.ended() && taken < 100) {
        if (client.say("BDAT 1\r\nx").starts_with("250")) ++taken;
        client.hear(pause);
    }
    CHECK(client.ended());
    CHECK(taken == message_time_max / pause);
    CHECK(messages(ann).empty());
    TestClient other(*this);
    other.hear();
    other.say("EHLO b.example\r\n");
    CHECK(send_message(other, {"ann@a.example"}, "x\r\n").starts_with("250"));
}

TEST_CASE_FIXTURE(Messages, "data: closed before the dot, nothing is kept") {
    begin();
    client.say("DATA\r\n");
    client.say("Subject: half\r\n\r\nx\r\n.");
    client.end_output();
    client.hear();
    CHECK(messages(ann).empty());
}

TEST_CASE_FIXTURE(Messages, "bdat: chunks in any cut are one message (RFC 3030 §2)") {
    const std::string message = "Subject: chunks\r\n\r\n.\r\n..\r\nQUIT\r\n.\r\nend\r\n";
    for (std::size_t cut = 0; cut <= message.size(); ++cut) {
        CAPTURE(cut);
        begin();
        const std::string heard =
            client.say("BDAT " + std::to_string(cut) + "\r\n" + message.substr(0, cut) + "BDAT " +
                       std::to_string(message.size() - cut) + " LAST\r\n" + message.substr(cut));
        CHECK(codes_of(heard) == "250 250");
        CHECK(newest() == message);
    }
    begin();
    CHECK(codes_of(client.say("BDAT 5\r\nx: y\r"
                              "BDAT 1\r\n\n"
                              "BDAT 0 LAST\r\n")) == "250 250 250");
    CHECK(newest() == "x: y\r\n");
    begin();
    CHECK(codes_of(client.say("BDAT 0 LAST\r\n")) == "250");
    CHECK(newest().empty());
}

TEST_CASE_FIXTURE(Messages, "bdat: in every wrong state its octets are consumed before the 503") {
    const std::string chunk = "BDAT 12\r\nRSET\r\nQUIT\r\n";
    const std::string last = "BDAT 12 LAST\r\nRSET\r\nQUIT\r\n";
    TestClient fresh(*this);
    fresh.hear();
    CHECK(codes_of(fresh.say(chunk)) == "503");                    // connected
    CHECK(codes_of(fresh.say("EHLO b\r\n" + last)) == "250 503");  // ready
    CHECK(codes_of(fresh.say("MAIL FROM:<>\r\n" + chunk + last)) == "250 503 503");
    CHECK(codes_of(fresh.say("RCPT TO:<no@a.example>\r\n" + last)) == "550 503");
    CHECK(codes_of(fresh.say("RCPT TO:<ann@a.example>\r\nBDAT 3\r\nx\r\nDATA\r\n")) == "250 250 503");
    CHECK(codes_of(fresh.say("RCPT TO:<ann@a.example>\r\nMAIL FROM:<>\r\n")) == "503 503");
    CHECK(codes_of(fresh.say("RSET\r\n" + chunk)) == "250 503");
    CHECK_FALSE(fresh.ended());
    CHECK(messages(ann).empty());
    // Pieces arrive as they like.
    std::string heard;
    for (const char c : last) heard += fresh.say(std::string(1, c));
    CHECK(codes_of(heard) == "503");
}

TEST_CASE_FIXTURE(Messages, "bdat: too large, refused with the chunk; chunks behind it are dropped") {
    service.message_octets_max = 1'000;
    const std::string text(600, 'x');
    begin();
    const std::string heard = client.say("BDAT 600\r\n" + text + "BDAT 600\r\n" + text + "BDAT 600\r\n" +
                                         text + "BDAT 600 LAST\r\n" + text + "NOOP\r\n");
    CHECK(codes_of(heard) == "250 552 503 503 250");
    begin();
    CHECK(codes_of(client.say("BDAT 1001 LAST\r\n" + std::string(1'001, 'x') + "NOOP\r\n")) == "552 250");
    CHECK(messages(ann).empty());
    begin();
    CHECK(codes_of(client.say("BDAT 1000 LAST\r\n" + std::string(1'000, 'x') + "NOOP\r\n")) == "250 250");
    CHECK(messages(ann).size() == 1);
}

TEST_CASE_FIXTURE(Messages, "bdat: what cannot be read or has no end closes the connection") {
    struct Case {
        const char* line;
        const char* codes;
    };
    const Case cases[] = {
        {"BDAT", "501"},
        {"BDAT -1", "501"},
        {"BDAT 0x10", "501"},
        {"BDAT 5 LASTX", "501"},
        {"BDAT 5 5", "501"},
        {"BDAT 99999999999999999999", "501"},
        {" BDAT 5", "500"},
        {"BDAT 18446744073709551615", "552"},
        {"BDAT 9999999999 LAST", "552"},
    };
    for (const auto& [line, codes] : cases) {
        CAPTURE(line);
        TestClient fresh(*this);
        fresh.hear();
        fresh.say("EHLO b.example\r\nMAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\n");
        CHECK(codes_of(fresh.say(std::string(line) + "\r\nRSET\r\n")) == codes);
        CHECK(fresh.ended());
    }
    TestClient early(*this);
    early.hear();
    CHECK(codes_of(early.say("BDAT 18446744073709551615\r\nEHLO b\r\n")) == "503");
    CHECK(early.ended());
}

TEST_CASE_FIXTURE(Messages, "bdat: bare CR or LF, also over a border, is refused as after DATA") {
    for (const char* message : {"x\ny\r\n", "x\ry\r\n", "x\r", "x\n.\n", "\n"}) {
        CAPTURE(message);
        const std::string text = message;
        begin();
        const std::size_t half = text.size() / 2;
        CHECK(codes_of(client.say("BDAT " + std::to_string(half) + "\r\n" + text.substr(0, half) + "BDAT " +
                                  std::to_string(text.size() - half) + " LAST\r\n" + text.substr(half))) ==
              "250 550");
    }
    CHECK(messages(ann).empty());
}

TEST_CASE_FIXTURE(Messages, "bdat: a flood of tiny chunks is bounded") {
    begin();
    std::string flood;
    for (std::uint64_t i = 0; i <= chunks_max; ++i) flood += "BDAT 1\r\nx";
    const std::string codes = codes_of(client.say(flood));
    CHECK(codes.ends_with("250 552"));
    CHECK(messages(ann).empty());
}

TEST_CASE_FIXTURE(Messages, "deadlines: a slow line, a slow message and silence end in virtual time") {
    const auto lasts = [&](const std::string& first, const std::string& drip, std::chrono::seconds every) {
        TestClient slow(*this);
        slow.hear();
        slow.say(first);
        const Instant start = network.tick();
        std::string heard;
        for (int i = 0; i < 10'000 && !slow.ended(); ++i) heard += slow.say(drip, every);
        CHECK(slow.ended());
        CHECK(heard.ends_with("421 4.4.2 mx.a.example waited too long, closing\r\n"));  // RFC 5321 §3.8
        return std::chrono::duration_cast<std::chrono::minutes>(network.tick() - start);
    };
    using std::chrono::minutes;
    using std::chrono::seconds;
    CHECK(lasts("EHLO b", "x", seconds(10)) <= minutes(6));  // command_time_max: drips never end a line
    CHECK(lasts("EHLO b\r\n", "", seconds(60)) <= minutes(7));
    const std::string to = "EHLO b\r\nMAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\n";
    CHECK(lasts(to + "DATA\r\n", "x", seconds(100)) <= minutes(63));
    CHECK(lasts(to + "DATA\r\n", "", seconds(60)) <= block_time_max + minutes(2));
    CHECK(lasts(to + "BDAT 1000000\r\n", "x", seconds(100)) <= minutes(63));
    CHECK(lasts("BDAT 1000000\r\n", "x", seconds(100)) <= minutes(63));
    CHECK(messages(ann).empty());
}

}  // namespace heliopost::smtp_server
