#include "proto/smtp/reply.h"

#include <doctest/doctest.h>

#include <string>

#include "proto/smtp/ehlo.h"

namespace heliopost::smtp {
namespace {

Result<Reply> parse(std::string_view octets, size_t chunk = 4096) {
    ReplyParser parser;
    for (size_t at = 0; at < octets.size() && !parser.done(); at += chunk)
        TRY(parser.feed(octets.substr(at, chunk)));
    if (!parser.done()) return fail(Fault::syntax, "unfinished");
    return parser.take();
}

}  // namespace

TEST_CASE("reply: printed as RFC 5321 §4.2 and RFC 2034 §4 say") {
    CHECK(format(Reply(250, "ok")) == "250 ok\r\n");
    CHECK(format(Reply(550, {5, 1, 1}, "no such user")) == "550 5.1.1 no such user\r\n");
    Reply two(250, {2, 0, 0}, "one");
    two.lines.emplace_back("two");
    CHECK(format(two) == "250-2.0.0 one\r\n250 2.0.0 two\r\n");
    CHECK(format(Reply{}) == "0 \r\n");
    CHECK(format(Reply(250, "a\r\n250 b\0c\x80")) == "250 a??250 b\r\n");  // nothing is injected
    CHECK(one_line(two) == "250 2.0.0 one two");
}

TEST_CASE("reply: no line past 512 octets, RFC 5321 §4.5.3.1.5") {
    std::string words;
    while (words.size() < 3'000) words += "word ";
    for (const std::string& text : {words, std::string(3'000, 'x')}) {
        const std::string out = format(Reply(554, {5, 7, 1}, text));
        std::string back;
        for (size_t at = 0; at < out.size();) {
            const size_t end = out.find("\r\n", at);
            REQUIRE(end + 2 - at <= reply_line_octets_max);
            const bool last = end + 2 == out.size();
            REQUIRE(out.substr(at, 10) == (last ? "554 5.7.1 " : "554-5.7.1 "));
            back += out.substr(at + 10, end - at - 10);
            at = end + 2;
        }
        CHECK(back == text);
    }
}

TEST_CASE("reply: read back in any pieces") {
    const std::string_view octets = "250-2.1.0 one\r\n250-2.1.0 two\r\n250 2.1.0 three\r\n";
    for (size_t chunk = 1; chunk <= octets.size(); ++chunk) {
        const auto got = parse(octets, chunk);
        REQUIRE(got.has_value());
        CHECK(got->code == 250);
        CHECK(got->enhanced == EnhancedStatus{2, 1, 0});
        CHECK(got->lines == std::vector<std::string>{"one", "two", "three"});
    }
    ReplyParser parser;
    CHECK(parser.feed("220 a\r\n250 b\r\n").value() == 7);  // the next reply is left alone
    CHECK(parser.take().code == 220);
    CHECK(parser.feed("250 b\r\n").value() == 7);
    CHECK(parser.take().lines[0] == "b");
    for (size_t length = 0; length < octets.size(); ++length)
        CHECK_FALSE(parse(octets.substr(0, length)).has_value());
}

TEST_CASE("reply: what servers say, and what is none") {
    struct Case {
        std::string_view octets;
        int code;  // 0: refused
        std::string_view text;
        EnhancedStatus status = {};
    };
    const Case cases[] = {
        {"250\r\n", 250, ""},
        {"250 \r\n", 250, ""},
        {"250 ok\n", 250, "ok"},
        {"421-a\n421 b\n", 421, "a"},
        {"550 5.1.1\r\n", 550, "", {5, 1, 1}},
        {"550 5.1.1 a\r\n", 550, "a", {5, 1, 1}},
        {"550 4.1.1 a\r\n", 550, "4.1.1 a"},        // the classes differ: text
        {"550 5.1.1000 a\r\n", 550, "5.1.1000 a"},  // status_part_max
        {"550 5.1.1: a\r\n", 550, "5.1.1: a"},
        {"550 1.1.1 a\r\n", 550, "1.1.1 a"},
        {"250-a\r\n251 b\r\n", 0, ""},
        {"250_a\r\n", 0, ""},
        {"150 a\r\n", 0, ""},
        {"600 a\r\n", 0, ""},
        {"25\r\n", 0, ""},
        {"+OK POP3\r\n", 0, ""},
        {"\r\n", 0, ""},
        {"SSH-2.0-x\r\n", 0, ""},
    };
    for (const auto& [octets, code, text, status] : cases) {
        CAPTURE(octets);
        const auto got = parse(octets);
        REQUIRE(got.has_value() == (code != 0));
        if (!got) continue;
        CHECK(got->code == code);
        CHECK(got->lines[0] == text);
        CHECK(got->enhanced == status);
    }
}

TEST_CASE("reply: endless lines and endless replies are cut") {
    CHECK(parse(std::string(reply_octets_max + 1, '2')).error().fault == Fault::too_large);
    std::string many;
    for (size_t n = 0; n < reply_lines_max; ++n) many += "250-x\r\n";
    CHECK(parse(many + "250 x\r\n").error().fault == Fault::too_large);
    CHECK(parse(many.substr(7) + "250 x\r\n").has_value());
}

TEST_CASE("reply: what is too long is cut where its code is known") {
    struct Case {
        std::string octets;
        int code;
        std::size_t lines;
    };
    const std::string text(reply_octets_max, 'x');
    std::string many;
    for (size_t n = 0; n <= reply_lines_max; ++n) many += "250-x\r\n";
    const Case cases[] = {
        {"250 2.0.0 " + text, 250, 1}, {"550-" + text, 550, 1},     {"250-a\r\n250 " + text, 250, 1},
        {many, 250, reply_lines_max},  {"25" + text, 0, 0},         {"250x" + text, 0, 0},
        {"banana\r\n", 0, 0},          {"250-a\r\n550 b\r\n", 0, 0}};
    for (const auto& [octets, code, lines] : cases) {
        for (const size_t chunk : {octets.size(), size_t{1'000}}) {
            CAPTURE(code);
            CAPTURE(chunk);
            ReplyParser parser;
            bool failed = false;
            for (size_t at = 0; at < octets.size() && !failed; at += chunk)
                failed = !parser.feed(std::string_view(octets).substr(at, chunk));
            REQUIRE(failed);
            const std::optional<Reply> cut = parser.take_cut();
            REQUIRE(cut.has_value() == (code != 0));
            if (!cut) continue;
            CHECK(cut->code == code);
            CHECK(cut->lines.size() == lines);
            size_t length = 0;
            for (const std::string& line : cut->lines) length += line.size();
            CHECK(length <= reply_octets_max);
            CHECK_FALSE(parser.take_cut().has_value());
        }
    }
}

TEST_CASE("EHLO: written and read, RFC 5321 §4.1.1.1") {
    Capabilities ours;
    ours.domain = "mx.a.example";
    ours.extensions = {Extension::pipelining, Extension::size, Extension::auth, Extension::starttls};
    ours.size_max = 52'428'800;
    ours.auth = {"PLAIN", "SCRAM-SHA-256"};
    const std::string out = format(ehlo_reply(ours));
    CHECK(out ==
          "250-mx.a.example\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-STARTTLS\r\n"
          "250 AUTH PLAIN SCRAM-SHA-256\r\n");
    CHECK(parse_ehlo_reply(*parse(out)) == ours);

    const auto theirs = parse_ehlo_reply(
        *parse("250-mx.b.example at your service\r\n250-size\r\n250-8BITMIME\r\n250-AUTH=LOGIN PLAIN\r\n"
               "250-AUTH PLAIN  login\r\n250-SIZE 99999999999999999999\r\n250 XCLIENT NAME ADDR\r\n"));
    CHECK(theirs.domain == "mx.b.example");
    CHECK(theirs.extensions == Extensions{Extension::size, Extension::eight_bit_mime, Extension::auth});
    CHECK(theirs.size_max == 0);
    CHECK(theirs.auth == std::vector<std::string>{"LOGIN", "PLAIN"});
    CHECK(theirs.others == std::vector<std::string>{"XCLIENT NAME ADDR"});
}

}  // namespace heliopost::smtp
