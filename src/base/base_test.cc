#include <doctest/doctest.h>

#include <vector>

#include "base/base64.h"
#include "base/cursor.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"

namespace heliopost {

TEST_CASE("base64: RFC 4648 §10 vectors, both ways") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [octets, text] : cases) {
        CHECK(to_base64(octets) == text);
        CHECK(from_base64(text) == std::string(octets));
    }
}

TEST_CASE("base64: bad padding, alphabet and stray bits are refused (RFC 4648 §3)") {
    for (const std::string_view text :
         {"Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zm9v\r\n", "=Zg="})
        CHECK_FALSE(from_base64(text).has_value());
    CHECK(from_hex("00fF") == std::string("\0\xff", 2));
    CHECK_FALSE(from_hex("0").has_value());
    CHECK_FALSE(from_hex("0g").has_value());
}

TEST_CASE("text: UTF-8 of RFC 3629 §4") {
    for (const std::string_view good :
         {"", "a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
        CHECK(is_utf8(good));
    for (const std::string_view bad : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80",
                                       "\xF4\x90\x80\x80", "\xFF", "\xE2\x82", "\xC3 "})
        CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("text: numbers") {
    CHECK(to_number("18446744073709551615") == 18446744073709551615U);
    for (const std::string_view bad : {"", "-1", "+1", " 1", "1 ", "18446744073709551616", "0x1"})
        CHECK_FALSE(to_number(bad).has_value());
}

TEST_CASE("cursor: never reads past the end") {
    Cursor in("ab");
    CHECK(in.take_word("AB"));
    CHECK(in.done());
    CHECK(in.peek() == '\0');
    in.skip(10);
    CHECK(in.offset() == 2);
    CHECK_FALSE(in.take('a'));
    CHECK(in.take_octets(5).empty());
}

TEST_CASE("log: nothing from a peer breaks a line") {
    std::vector<std::string> lines;
    const auto clock = [] { return from_unix_milliseconds(1795421730123); };
    const auto sink = [&](LogLevel, std::string_view line) { lines.emplace_back(line); };
    const Log log(LogFormat::logfmt, LogLevel::info, clock, sink);
    log.info("hello", {{"helo", "a\r\nlevel=error x\x1b\xff\"="}, {"octets", 5}});
    log.debug("unseen", {});
    REQUIRE(lines.size() == 1);
    CHECK(lines[0] ==
          "time=2026-11-23T08:15:30.123Z level=info event=hello "
          "helo=\"a\\r\\nlevel=error x\\u001b\xEF\xBF\xBD\\\"=\" octets=5");
    const Log json(LogFormat::json, LogLevel::info, clock, sink);
    json.info("hello", {{"to", "a\nb"}, {"octets", -1}});
    CHECK(lines[1] ==
          R"({"time":"2026-11-23T08:15:30.123Z","level":"info","event":"hello","to":"a\nb","octets":-1})");
}

TEST_CASE("log: level and format change from the next line on") {
    std::vector<std::string> lines;
    Log log(
        LogFormat::logfmt, LogLevel::info, [] { return from_unix_milliseconds(0); },
        [&](LogLevel, std::string_view line) { lines.emplace_back(line); });
    log.debug("one", {});
    log.change(LogFormat::json, LogLevel::debug);
    log.debug("two", {});
    log.change(LogFormat::logfmt, LogLevel::error);
    log.warning("three", {});
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("{"));
    CHECK(lines[0].contains("two"));
}

TEST_CASE("log: what turns or hides text is escaped, what is read stays") {
    std::vector<std::string> lines;
    const auto clock = [] { return from_unix_milliseconds(0); };
    const auto sink = [&](LogLevel, std::string_view line) { lines.emplace_back(line); };
    struct Case {
        std::string_view in, out;
    };
    const Case cases[] = {
        {"a\u202eb", "\"a\\u202eb\""},
        {"\u202a", "\"\\u202a\""},
        {"\u2066\u2069", "\"\\u2066\\u2069\""},
        {"\u200e\u200f", "\"\\u200e\\u200f\""},
        {"\u200b", "\"\\u200b\""},
        {"\u2028\u2029", "\"\\u2028\\u2029\""},
        {"\xc2\x9b", "\"\\u009b\""},
        {"\ufeff", "\"\\ufeff\""},
        {"\U000E0041", "\"\\udb40\\udc41\""},
        {"\U0001F600 \u00fc \u5b57", "\"\U0001F600 \u00fc \u5b57\""},
        {"\u061c\u00ad", "\"\\u061c\\u00ad\""},
        {"\uffff", "\"\\uffff\""},
        {"\xff\u202e", "\"\ufffd\\u202e\""},
    };
    const Log logfmt(LogFormat::logfmt, LogLevel::info, clock, sink);
    const Log json(LogFormat::json, LogLevel::info, clock, sink);
    for (const auto& [in, out] : cases) {
        CAPTURE(out);
        logfmt.info("x", {{"v", in}});
        CHECK(lines.back().ends_with(" v=" + std::string(out)));
        json.info("x", {{"v", in}});
        CHECK(lines.back().ends_with("\"v\":" + std::string(out) + "}"));
    }
}

TEST_CASE("TRY passes the error up and nests") {
    const auto half = [](int n) -> Result<int> {
        if (n % 2 != 0) return fail(Fault::syntax, "odd");
        return n / 2;
    };
    const auto quarter = [&](int n) -> Result<int> { return TRY(half(TRY(half(n)))); };
    CHECK(quarter(8) == 2);
    CHECK(quarter(6).error().text == "odd");
}

TEST_CASE("text: a domain and what lies below it") {
    CHECK(is_at_or_below("a.example", "A.Example"));
    CHECK(is_at_or_below("mx.a.example", "a.example"));
    CHECK_FALSE(is_at_or_below("xa.example", "a.example"));
    CHECK_FALSE(is_at_or_below("example", "a.example"));
    CHECK_FALSE(is_at_or_below("", "a.example"));
}

}  // namespace heliopost
