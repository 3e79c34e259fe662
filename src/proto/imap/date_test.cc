#include "proto/imap/date.h"

#include <doctest/doctest.h>

#include <string>

namespace heliopost::imap {

TEST_CASE("date-time: RFC 9051 §9, printed back as read") {
    struct Case {
        std::string_view text;
        std::string_view utc;
    };
    const Case cases[] = {
        {"\"17-Jul-1996 02:44:25 -0700\"", "1996-07-17T09:44:25.000Z"},  // RFC 3501 §7.4.2
        {"\" 7-Feb-1994 21:52:25 -0800\"", "1994-02-08T05:52:25.000Z"},
        {"\"29-Feb-2024 23:59:59 +0530\"", "2024-02-29T18:29:59.000Z"},
        {"\"01-Jan-1970 00:00:00 +0000\"", "1970-01-01T00:00:00.000Z"},
    };
    for (const auto& [text, utc] : cases) {
        CAPTURE(text);
        Cursor in(text);
        const auto at = parse_date_time(in);
        REQUIRE(at.has_value());
        CHECK(in.done());
        CHECK(to_rfc3339(at->time) == utc);
        std::string printed;
        append_date_time(printed, *at);
        Cursor again(printed);
        CHECK(parse_date_time(again) == *at);
        for (size_t length = 0; length < text.size(); ++length) {
            Cursor cut(text.substr(0, length));
            CHECK_FALSE(parse_date_time(cut).has_value());
        }
    }
}

TEST_CASE("date-time: what is no time") {
    for (const std::string_view bad :
         {"17-Jul-1996 02:44:25 -0700", "\"7-Jul-1996 02:44:25 -0700\"", "\"31-Jun-1996 02:44:25 -0700\"",
          "\"29-Feb-2023 02:44:25 +0000\"", "\"17-Jux-1996 02:44:25 -0700\"",
          "\"17-Jul-1996 24:44:25 -0700\"", "\"17-Jul-1996 02:60:25 -0700\"",
          "\"17-Jul-1996 02:44:61 -0700\"", "\"17-Jul-1996 02:44:25 GMT\"", "\"17-Jul-1996 02:44:25 -2400\"",
          "\"17-Jul-96 02:44:25 -0700\"", "\"00-Jul-1996 02:44:25 -0700\"", "\"17-Jul-1996  02:44:25 -0700\"",
          "\"31-Dec-9999 23:00:00 -0100\"", "\"01-Jan-0000 00:59:59 +0100\""}) {
        CAPTURE(bad);
        Cursor in(bad);
        CHECK_FALSE(parse_date_time(in).has_value());
    }
}

TEST_CASE("date: with and without quotes, one or two digits") {
    for (const std::string_view text : {"1-Feb-1994", "01-feb-1994", "\"1-FEB-1994\""}) {
        Cursor in(text);
        const auto date = parse_date(in);
        REQUIRE(date.has_value());
        std::string printed;
        append_date(printed, *date);
        CHECK(printed == "1-Feb-1994");
    }
    for (const std::string_view bad :
         {"", "Feb-1994", "0-Feb-1994", "30-Feb-1994", "\"1-Feb-1994", "1 Feb 1994", "1-Feb-94"}) {
        CAPTURE(bad);
        Cursor in(bad);
        CHECK_FALSE(parse_date(in).has_value());
    }
}

}  // namespace heliopost::imap
