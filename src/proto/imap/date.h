// IMAP dates: "17-Jul-1996" in SEARCH, "17-Jul-1996 02:44:25 -0700" in APPEND and INTERNALDATE.
//
// The dates of RFC 5322 headers are for proto/mime. RFC 9051 §9 date, date-time.
#pragma once

#include <chrono>
#include <string>

#include "base/cursor.h"
#include "base/result.h"
#include "base/time.h"

namespace heliopost::imap {

using Date = std::chrono::year_month_day;

struct DateTime {
    Time time;                     // UTC
    std::chrono::minutes zone{0};  // as written: -0700 is -420
    bool operator==(const DateTime&) const = default;
};

// date = date-text / DQUOTE date-text DQUOTE; the day has one or two digits and must exist.
[[nodiscard]] Result<Date> parse_date(Cursor& in);

// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
// A leap second (60) reads as the next minute's first second.
[[nodiscard]] Result<DateTime> parse_date_time(Cursor& in);

void append_date(std::string& out, Date date);                // 1-Feb-1994
void append_date_time(std::string& out, const DateTime& at);  // with its quotes; years 0 to 9999

}  // namespace heliopost::imap
