#include "proto/imap/command_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace heliopost::imap {
namespace {

struct Reading {
    std::vector<std::string> events;  // "command A1 NOOP", "+", "bad A1", "append 3", "octets abc"
    bool operator==(const Reading&) const = default;
};

enum class OnAppend : std::uint8_t { accept, refuse };

// Everything that the reader says when the octets come in chunks of that size.
Reading read(std::string_view octets, size_t chunk, ReaderLimits limits = {},
             OnAppend on_append = OnAppend::accept) {
    CommandReader reader(limits);
    Reading reading;
    std::string message;
    while (!octets.empty()) {
        std::string_view part = octets.substr(0, chunk);
        octets.remove_prefix(part.size());
        while (!part.empty()) {
            const auto step = reader.feed(part);
            REQUIRE(step.taken <= part.size());
            part.remove_prefix(step.taken);
            switch (step.event) {
                case CommandReader::Event::more:
                    CHECK(part.empty());
                    break;
                case CommandReader::Event::continuation:
                    reading.events.emplace_back("+");
                    break;
                case CommandReader::Event::append:
                    reading.events.push_back("append " + std::to_string(reader.literal().octets));
                    message.clear();
                    if (on_append == OnAppend::accept)
                        reader.accept_append();
                    else if (!reader.refuse_append())
                        reading.events.emplace_back("lost");
                    break;
                case CommandReader::Event::octets:
                    message += step.chunk;
                    break;
                case CommandReader::Event::command:
                    if (!message.empty()) reading.events.push_back("octets " + std::exchange(message, {}));
                    reading.events.push_back("command " + std::string(reader.text()));
                    break;
                case CommandReader::Event::line:
                    reading.events.push_back("line " + std::string(reader.text()));
                    break;
                case CommandReader::Event::bad:
                    message.clear();
                    reading.events.push_back((reader.hang_up() ? "lost " : "bad ") +
                                             std::string(reader.tag()));
                    break;
            }
        }
    }
    return reading;
}

struct Case {
    std::string_view octets;
    std::vector<std::string> events;
};

}  // namespace

TEST_CASE("command reader: lines and literals, in chunks of every size (RFC 9051 §2.2, RFC 7888)") {
    const Case cases[] = {
        {"A1 NOOP\r\n", {"command A1 NOOP"}},
        {"A1 NOOP\r\nA2 NOOP\r\n", {"command A1 NOOP", "command A2 NOOP"}},
        {"\r\n", {"command "}},
        {"A LOGIN {3}\r\nann {2}\r\npw\r\n", {"+", "+", "command A LOGIN {3}\r\nann {2}\r\npw"}},
        {"A LOGIN {3+}\r\nann {2+}\r\npw\r\n", {"command A LOGIN {3+}\r\nann {2+}\r\npw"}},
        {"A LOGIN {0}\r\n {2+}\r\n\r\n\r\n", {"+", "command A LOGIN {0}\r\n {2+}\r\n\r\n"}},
        {"A LOGIN a{3}\r\nx\ny\r\n", {"+", "command A LOGIN a{3}\r\nx\ny"}},
        {"A X {abc}\r\nB X }\r\nC {}\r\nD {+}\r\n",
         {"command A X {abc}", "command B X }", "command C {}", "command D {+}"}},
        {"A APPEND INBOX (\\Seen) {3}\r\nabc\r\nB NOOP\r\n",
         {"append 3", "octets abc", "command A APPEND INBOX (\\Seen) {3}\r\n", "command B NOOP"}},
        {"A APPEND {5}\r\nINBOX {3}\r\nabc\r\n",
         {"+", "append 3", "octets abc", "command A APPEND {5}\r\nINBOX {3}\r\n"}},
        {"A APPEND INBOX {0}\r\n\r\n", {"append 0", "command A APPEND INBOX {0}\r\n"}},
        {"A APPEND INBOX {1}\r\nx {1}\r\nB NOOP\r\n",
         {"append 1", "bad A", "command B NOOP"}},  // no MULTIAPPEND
        {"A APPEND INBOX {1+}\r\nx {1+}\r\ny\r\nB NOOP\r\n", {"append 1", "bad A", "command B NOOP"}},
        {"A APPEND INBOX {1}\r\nxy\r\nB NOOP\r\n", {"append 1", "bad A", "command B NOOP"}},
        {"A {99999999999999999999}\r\nB NOOP\r\n", {"bad A", "command B NOOP"}},  // no number64
        {"A {9223372036854775808}\r\nB NOOP\r\n", {"bad A", "command B NOOP"}},
        {"A {9223372036854775808+}\r\nB NOOP\r\n", {"lost A"}},
        {"A {99999999999999999999+}\r\nB NOOP\r\n", {"lost A"}},
        {"A {4097+}\r\nB NOOP\r\n", {"lost A"}},  // RFC 7888 §5
    };
    for (const auto& [octets, events] : cases) {
        CAPTURE(octets);
        for (size_t chunk = 1; chunk <= octets.size(); ++chunk) {
            CAPTURE(chunk);
            CHECK(read(octets, chunk).events == events);
        }
    }
    const std::string with_nul("A APPEND INBOX ~{3+}\r\na\0c\r\n", 28);
    for (size_t chunk = 1; chunk <= with_nul.size(); ++chunk)
        CHECK(read(with_nul, chunk).events.at(1) == std::string("octets a\0c", 10));
}

TEST_CASE("command reader: a lone LF is answered BAD and reading goes on behind it") {
    for (size_t chunk = 1; chunk < 20; ++chunk) {
        CHECK(read("A1 NOOP\nA2 NOOP\r\n", chunk).events ==
              std::vector<std::string>{"bad A1", "command A2 NOOP"});
        CHECK(read("\nA2 NOOP\r\n", chunk).events == std::vector<std::string>{"bad ", "command A2 NOOP"});
        // The CR belongs to the literal, not to the line end.
        CHECK(read("A X {1}\r\n\r\nB NOOP\r\n", chunk).events ==
              std::vector<std::string>{"+", "bad A", "command B NOOP"});
    }
}

TEST_CASE("command reader: every limit, one past it") {
    const ReaderLimits limits{.line_octets = 20,
                              .literals = 2,
                              .literal_octets = 10,
                              .unsolicited_octets = 8,
                              .swallowed_octets = 100};
    const Case cases[] = {
        {"A 345678901234567890\r\n", {"command A 345678901234567890"}},
        {"A 3456789012345678901\r\nB NOOP\r\n", {"bad A", "command B NOOP"}},
        {"A 3456789012345678901 {5+}\r\nabcde\r\nB NOOP\r\n", {"bad A", "command B NOOP"}},
        {"A 3456789012345678901 {5}\r\nB NOOP\r\n", {"bad A", "command B NOOP"}},  // no "+ ", so no octets
        {"A {1}\r\na {1}\r\nb {1}\r\nB NOOP\r\n", {"+", "+", "bad A", "command B NOOP"}},
        {"A {1+}\r\na {1+}\r\nb {1+}\r\nc\r\nB NOOP\r\n", {"bad A", "command B NOOP"}},
        {"A {10}\r\n0123456789\r\n", {"+", "command A {10}\r\n0123456789"}},
        {"A {11}\r\nB NOOP\r\n", {"bad A", "command B NOOP"}},
        {"A {5+}\r\n01234{6+}\r\n012345 {1+}\r\nx\r\nB NOOP\r\n", {"bad A", "command B NOOP"}},
        {"A {9+}\r\n012345678\r\nB NOOP\r\n", {"lost A"}},  // RFC 7888 §5: past LITERAL-
        {"A APPEND x {9+}\r\n", {"lost A"}},
    };
    for (const auto& [octets, events] : cases) {
        CAPTURE(octets);
        for (size_t chunk = 1; chunk <= octets.size(); ++chunk) {
            CAPTURE(chunk);
            CHECK(read(octets, chunk, limits).events == events);
        }
    }
    CHECK(read("A " + std::string(200, 'x') + "\r\nB NOOP\r\n", 7, limits).events ==
          std::vector<std::string>{"bad A", "lost A"});
}

TEST_CASE("command reader: a stranger's literals hold 4 KB at most, and nothing behind the command") {
    const Case cases[] = {
        {"A LOGIN {4096}\r\n", {"+"}},
        {"A LOGIN {4097}\r\nB NOOP\r\n", {"bad A", "command B NOOP"}},
        {"A LOGIN {1000000}\r\nB NOOP\r\n", {"bad A", "command B NOOP"}},
        {"A LOGIN {4097+}\r\n", {"lost A"}},
    };
    for (const auto& [octets, events] : cases) {
        CAPTURE(octets);
        CHECK(read(octets, 5, stranger_limits()).events == events);
    }
    CHECK(read("A LOGIN {1}\r\na {4096}\r\nB NOOP\r\n", 5, stranger_limits()).events ==
          std::vector<std::string>{"+", "bad A", "command B NOOP"});
    CHECK(
        read("A " + std::string(stranger_line_octets_max, 'x') + "\r\nB NOOP\r\n", 50'000, stranger_limits())
            .events == std::vector<std::string>{"bad A", "command B NOOP"});

    CommandReader reader;
    const std::string large = "A LOGIN {1000000+}\r\n" + std::string(1'000'000, 'x') + "\r\n";
    reader.set_limits({.unsolicited_octets = large.size()});
    CHECK(reader.feed(large).event == CommandReader::Event::command);
    CHECK(reader.held_octets() > 1'000'000);
    CHECK(reader.feed("B").event == CommandReader::Event::more);
    CHECK(reader.held_octets() <= text_octets_kept);
}

TEST_CASE("command reader: a refused APPEND is skipped with what the client sends unasked") {
    const ReaderLimits plus{.unsolicited_octets = ~std::uint64_t{0}, .swallowed_octets = 10};
    for (size_t chunk = 1; chunk < 30; ++chunk) {
        CAPTURE(chunk);
        CHECK(read("A APPEND INBOX {9}\r\nB NOOP\r\n", chunk, plus, OnAppend::refuse).events ==
              std::vector<std::string>{"append 9", "command B NOOP"});
        CHECK(read("A APPEND INBOX {3+}\r\nabc\r\nB NOOP\r\n", chunk, plus, OnAppend::refuse).events ==
              std::vector<std::string>{"append 3", "command B NOOP"});
        CHECK(read("A APPEND INBOX {0+}\r\n\r\nB NOOP\r\n", chunk, plus, OnAppend::refuse).events ==
              std::vector<std::string>{"append 0", "command B NOOP"});
        CHECK(read("A APPEND INBOX {11+}\r\nabc\r\nB NOOP\r\n", chunk, plus, OnAppend::refuse).events ==
              std::vector<std::string>{"append 11", "lost"});
    }
}

TEST_CASE("command reader: a line that was asked for is no command (IDLE, AUTHENTICATE)") {
    CommandReader reader;
    CHECK(reader.feed("A IDLE\r\n").event == CommandReader::Event::command);
    reader.expect_line();
    CHECK(reader.feed("DONE {3}\r\n").event == CommandReader::Event::line);
    CHECK(reader.text() == "DONE {3}");
    CHECK(reader.feed("B NOOP\r\n").event == CommandReader::Event::command);
    CHECK(reader.between_commands());
    reader.release_text();
    CHECK(reader.text().empty());
    CHECK(reader.feed("C").event == CommandReader::Event::more);
    CHECK_FALSE(reader.between_commands());
}

}  // namespace heliopost::imap
