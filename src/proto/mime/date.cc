#include "proto/mime/date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/cursor.h"
#include "base/text.h"
#include "proto/mime/cfws.h"

namespace heliopost::mime {
namespace {

constexpr auto months = std::to_array<std::string_view>(
    {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"});
constexpr auto weekdays = std::to_array<std::string_view>({"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"});

struct Zone {
    std::string_view name;
    int hours;
};
// obs-zone, RFC 5322 §4.3; the military letters and unknown names are -0000.
constexpr auto zones = std::to_array<Zone>(
    {{"EDT", -4}, {"EST", -5}, {"CDT", -5}, {"CST", -6}, {"MDT", -6}, {"MST", -7}, {"PDT", -7}, {"PST", -8}});

std::optional<unsigned> take_number(Cursor& in, size_t digits_max) {
    const auto digits = in.take_while(is_digit);
    if (digits.empty() || digits.size() > digits_max) return std::nullopt;
    return static_cast<unsigned>(to_number(digits).value_or(0));
}

// month-name, in full too. A number is taken as well: not in the RFC, seen in the wild.
std::optional<unsigned> take_month(Cursor& in) {
    if (is_digit(in.peek())) {
        const auto number = take_number(in, 2);
        if (!number || *number < 1 || *number > 12) return std::nullopt;
        return number;
    }
    const auto word = in.take_while(is_alpha);
    for (unsigned i = 0; i < months.size(); ++i)
        if (starts_with_ignoring_case(word, months[i])) return i + 1;
    return std::nullopt;
}

// year = 4*DIGIT;  obs-year = 2*DIGIT
std::optional<int> take_year(Cursor& in) {
    const size_t begin = in.offset();
    const auto year = take_number(in, 4);
    if (!year) return std::nullopt;
    const size_t digits = in.offset() - begin;
    if (digits < 2) return std::nullopt;
    if (digits == 2) return static_cast<int>(*year + (*year < 50 ? 2000 : 1900));
    if (digits == 3) return static_cast<int>(*year + 1900);
    return static_cast<int>(*year);
}

// time-of-day = hour ":" minute [ ":" second ], with dots too
std::optional<std::chrono::seconds> take_time(Cursor& in) {
    const auto separator = [&] {
        skip_cfws(in);
        if (!in.take(':') && !in.take('.')) return false;
        skip_cfws(in);
        return true;
    };
    const auto hour = take_number(in, 2);
    if (!hour || *hour > 23 || !separator()) return std::nullopt;
    const auto minute = take_number(in, 2);
    if (!minute || *minute > 59) return std::nullopt;
    unsigned second = 0;
    if (separator()) {
        const auto given = take_number(in, 2);
        if (!given || *given > 60) return std::nullopt;
        second = *given;
        if (in.peek() == '.') {  // fractions of a second
            in.skip();
            in.take_while(is_digit);
        }
    }
    return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(second);
}

// zone = (FWS ( "+" / "-" ) 4DIGIT) / obs-zone
std::chrono::minutes take_zone(Cursor& in) {
    skip_cfws(in);
    const char sign = in.peek();
    if (sign == '+' || sign == '-') {
        in.skip();
        const auto digits = in.take_while(is_digit);
        if (digits.size() < 3 || digits.size() > 4) return {};
        const auto number = static_cast<int>(to_number(digits).value_or(0));  // -600 is -0600
        const std::chrono::minutes zone(number / 100 * 60 + number % 100);
        if (number % 100 > 59 || zone >= std::chrono::days(1)) return {};
        return sign == '-' ? -zone : zone;
    }
    const auto name = in.take_while(is_alpha);
    for (const Zone& zone : zones)
        if (same_ignoring_case(name, zone.name)) return std::chrono::hours(zone.hours);
    return {};
}

}  // namespace

// date-time = [ day-of-week "," ] date time [CFWS]
std::optional<DateTime> parse_date(std::string_view value) {
    Cursor in(value);
    skip_cfws(in);
    if (is_alpha(in.peek())) {
        in.take_while([](char c) { return is_alpha(c) || c == '.'; });
        skip_cfws(in);
        in.take(',');
        skip_cfws(in);
    }
    const auto day = take_number(in, 2);
    const auto separator = [&] {
        skip_cfws(in);
        in.take('-');  // 21-Nov-1997
        skip_cfws(in);
    };
    separator();
    const auto month = take_month(in);
    separator();
    const auto year = take_year(in);
    skip_cfws(in);
    const auto time = take_time(in);
    if (!day || !month || !year || !time) return std::nullopt;
    const auto date = std::chrono::year(*year) / std::chrono::month(*month) / std::chrono::day(*day);
    if (!date.ok()) return std::nullopt;
    DateTime result;
    result.zone = take_zone(in);
    result.time = std::chrono::sys_days(date) + *time - result.zone;
    return result;
}

std::string format_date(DateTime date) {
    constexpr std::chrono::days day_long(1);
    constexpr Time first = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
    constexpr Time last =
        std::chrono::sys_days(std::chrono::year(9999) / 12 / 31) + day_long - std::chrono::seconds(1);
    constexpr std::chrono::minutes zone_max = std::chrono::days(1) - std::chrono::minutes(1);
    const auto zone = std::clamp(date.zone, -zone_max, zone_max);
    // The year that is written is the local one; the inner bounds only keep the sum from overflowing.
    const Time local =
        std::clamp(std::clamp(date.time, first - day_long, last + day_long) + zone, first, last);
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const std::chrono::year_month_day ymd(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(local - day));
    const auto minutes = std::chrono::abs(zone).count();
    return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} {}{:02}{:02}",
                       weekdays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(ymd.day()),
                       months[static_cast<unsigned>(ymd.month()) - 1], static_cast<int>(ymd.year()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       zone.count() < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace heliopost::mime
