#include <doctest/doctest.h>

#include <string>

#include "proto/pop3/command.h"
#include "proto/pop3/order.h"
#include "proto/pop3/response.h"

namespace heliopost::pop3 {
namespace {

std::string encode(std::string_view message, size_t chunk,
                   std::uint64_t lines = MultiLineEncoder::all_lines) {
    std::string out;
    MultiLineEncoder encoder(lines);
    for (size_t at = 0; at < message.size(); at += chunk)
        encoder.feed(message.substr(at, chunk), [&](std::string_view piece) { out += piece; });
    out += encoder.end();
    return out;
}

constexpr size_t chunks[] = {1, 2, 3, 7, 4096};

}  // namespace

TEST_CASE("POP3 commands: RFC 1939, RFC 2449, RFC 2595, RFC 5034") {
    struct Case {
        std::string line;
        bool good;
        Command want;
    };
    const auto number = [](Verb verb, std::uint32_t message) {
        Command command;
        command.verb = verb;
        command.message = message;
        return command;
    };
    const auto text = [](Verb verb, std::string words) {
        Command command;
        command.verb = verb;
        command.text = std::move(words);
        return command;
    };
    Command top = number(Verb::top, 3);
    top.lines = 10;
    Command initial = text(Verb::auth, "PLAIN");
    initial.initial_response = "AGEAYg==";
    const Case cases[] = {
        {"USER ann", true, text(Verb::user, "ann")},
        {"user ann@a.example", true, text(Verb::user, "ann@a.example")},
        {"PASS two  words ", true, text(Verb::pass, "two  words ")},
        {"PASS", false, {}},
        {"PASS ", false, {}},
        {"USER", false, {}},
        {"STAT", true, text(Verb::stat, "")},
        {"STAT 1", false, {}},
        {"LIST", true, text(Verb::list, "")},
        {"LIST 2", true, number(Verb::list, 2)},
        {"UIDL 4294967295", true, number(Verb::uidl, 4'294'967'295)},
        {"UIDL 4294967296", false, {}},
        {"RETR 1", true, number(Verb::retr, 1)},
        {"RETR 0", false, {}},
        {"RETR -1", false, {}},
        {"RETR", false, {}},
        {"RETR 1 2", false, {}},
        {"DELE 00001", true, number(Verb::dele, 1)},
        {"TOP 3 10", true, top},
        {"TOP 3", false, {}},
        {"TOP 3 -1", false, {}},
        {"TOP 3 18446744073709551616", false, {}},
        {"CAPA", true, text(Verb::capa, "")},
        {"STLS", true, text(Verb::stls, "")},
        {"stls x", false, {}},
        {"NOOP", true, text(Verb::noop, "")},
        {"RSET", true, text(Verb::rset, "")},
        {"QUIT", true, text(Verb::quit, "")},
        {"AUTH", true, text(Verb::auth, "")},
        {"auth plain AGEAYg==", true, initial},
        {"AUTH PLAIN a b", false, {}},
        {"AUTH PL!", false, {}},
        {"AUTH AAAAAAAAAAAAAAAAAAAAA", false, {}},  // mechanism_octets_max is 20
        {"APOP ann 00", false, {}},
        {"", false, {}},
        {"NOOP\r", false, {}},
        {std::string("NOOP\0", 5), false, {}},
        {"GET / HTTP/1.1", false, {}},
    };
    for (const auto& [line, good, want] : cases) {
        CAPTURE(line);
        const auto got = parse_command(line);
        CHECK(got.has_value() == good);
        if (got && good) CHECK(*got == want);
    }
    CHECK(parse_command("APOP a b").error().fault == Fault::not_found);
    CHECK(parse_command("RETR x").error().fault == Fault::syntax);
    CHECK(parse_command("PASS " + std::string(command_octets_max - 7, 'x')).has_value());
    CHECK_FALSE(parse_command("PASS " + std::string(command_octets_max - 6, 'x')).has_value());
    CHECK(parse_command("AUTH PLAIN " + std::string(auth_command_octets_max - 13, 'A')).has_value());
    CHECK_FALSE(parse_command("AUTH PLAIN " + std::string(auth_command_octets_max - 12, 'A')).has_value());
}

TEST_CASE("POP3 order: RFC 1939 §3") {
    CHECK(after(State::authorization, *find_rule(State::authorization, Verb::user)) == State::user);
    CHECK(after(State::user, *find_rule(State::user, Verb::pass)) == State::transaction);
    CHECK(find_rule(State::authorization, Verb::dele) == nullptr);
    CHECK(find_rule(State::transaction, Verb::auth) == nullptr);
    CHECK(find_rule(State::update, Verb::noop) == nullptr);
    CHECK_FALSE(find_rule(State::user, Verb::pass)->before_tls);
    CHECK(find_rule(State::user, Verb::stls)->before_tls);
}

TEST_CASE("POP3 status lines: nothing is injected, nothing is too long") {
    CHECK(ok("a") == "+OK a\r\n");
    CHECK(error("b\r\n+OK", "IN-USE") == "-ERR [IN-USE] b??+OK\r\n");
    CHECK(error(std::string(2'000, 'x')).size() == response_octets_max);
}

TEST_CASE("POP3 multi-line: octet-exact but for the dots and bare LFs, RFC 1939 §3") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"", ".\r\n"},
        {"a\r\n", "a\r\n.\r\n"},
        {"a", "a\r\n.\r\n"},
        {"a\r", "a\r\r\n.\r\n"},
        {".", "..\r\n.\r\n"},
        {".\r\n", "..\r\n.\r\n"},
        {"a\r\n.\r\n..b\r\n\r\n", "a\r\n..\r\n...b\r\n\r\n.\r\n"},
        {"a\n.\nb\r.\r\n", "a\r\n..\r\nb\r.\r\n.\r\n"},
        {"a\n.\n+OK fake\n", "a\r\n..\r\n+OK fake\r\n.\r\n"},
        {"a\r\n.\n+OK\r\n\n.\r\n", "a\r\n..\r\n+OK\r\n\r\n..\r\n.\r\n"},
        {"\n.", "\r\n..\r\n.\r\n"},
        {"\r\r\n\n\r", "\r\r\n\r\n\r\r\n.\r\n"},
    };
    for (const auto& [message, want] : cases) {
        CAPTURE(message);
        for (const size_t chunk : chunks) CHECK(encode(message, chunk) == want);
    }
}

TEST_CASE("POP3 TOP: the header, the empty line and so many lines of the body") {
    const std::string_view message = "A: b\r\n\tc\r\n\r\n1\r\n\r\n.3\r\n4";
    const std::pair<std::uint64_t, std::string_view> cases[] = {
        {0, "A: b\r\n\tc\r\n\r\n.\r\n"},
        {1, "A: b\r\n\tc\r\n\r\n1\r\n.\r\n"},
        {2, "A: b\r\n\tc\r\n\r\n1\r\n\r\n.\r\n"},
        {3, "A: b\r\n\tc\r\n\r\n1\r\n\r\n..3\r\n.\r\n"},
        {4, "A: b\r\n\tc\r\n\r\n1\r\n\r\n..3\r\n4\r\n.\r\n"},
        {99, "A: b\r\n\tc\r\n\r\n1\r\n\r\n..3\r\n4\r\n.\r\n"},
    };
    for (const auto& [lines, want] : cases) {
        CAPTURE(lines);
        for (const size_t chunk : chunks) CHECK(encode(message, chunk, lines) == want);
    }
    for (const size_t chunk : chunks) {
        CHECK(encode("\r\nbody\r\n", chunk, 0) == "\r\n.\r\n");
        CHECK(encode("A: b\r\n\r\r\n\r\nx\r\n", chunk, 0) == "A: b\r\n\r\r\n\r\n.\r\n");
        CHECK(encode("A: b\n\n1\n2\n", chunk, 0) == "A: b\r\n\r\n.\r\n");
        CHECK(encode("A: b\n\n1\n.2\n3\n", chunk, 2) == "A: b\r\n\r\n1\r\n..2\r\n.\r\n");
    }
    MultiLineEncoder encoder(0);
    encoder.feed("A: b\r\n\r\nx", [](std::string_view) {});
    CHECK(encoder.full());
}

}  // namespace heliopost::pop3
