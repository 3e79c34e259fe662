// Dates of header fields.
//
// Reads the obsolete forms too (two-digit years, named zones, comments, no seconds, no day of the week), and
// does not mind a wrong day of the week. A leap second is the second after.
//
// RFC 5322 §3.3 and §4.3.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace heliopost::mime {

struct DateTime {
    Time time;                    // UTC
    std::chrono::minutes zone{};  // what local time was ahead of UTC; 0 for an unknown zone and for -0000

    bool operator==(const DateTime&) const = default;
};

// Nothing where no day, month, year and time can be made out, or the day does not exist.
std::optional<DateTime> parse_date(std::string_view value);

// Mon, 23 Nov 2026 08:15:30 +0000. Years 0 to 9999 and zones within a day; others are clamped.
std::string format_date(DateTime date);

}  // namespace heliopost::mime
