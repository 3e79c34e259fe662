#include "proto/imap/date.h"

#include <array>
#include <string_view>

#include "base/text.h"

namespace heliopost::imap {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Exactly `digits` digits.
Result<unsigned> parse_fixed(Cursor& in, size_t digits) {
    unsigned value = 0;
    for (size_t i = 0; i < digits; ++i) {
        if (!is_digit(in.peek())) return fail(Fault::syntax, "bad date");
        value = value * 10 + static_cast<unsigned>(in.next() - '0');
    }
    return value;
}

// "-" date-month "-" date-year, after the day
Result<Date> parse_month_and_year(Cursor& in, unsigned day_number) {
    TRY(in.expect('-'));
    unsigned month_number = 0;
    for (unsigned i = 0; i < months.size() && month_number == 0; ++i)
        if (in.take_word(months[i])) month_number = i + 1;
    if (month_number == 0) return fail(Fault::syntax, "bad month");
    TRY(in.expect('-'));
    const unsigned year_number = TRY(parse_fixed(in, 4));
    const Date date =
        year(static_cast<int>(year_number)) / static_cast<int>(month_number) / static_cast<int>(day_number);
    if (!date.ok()) return fail(Fault::syntax, "no such day");
    return date;
}

// date-text = date-day "-" date-month "-" date-year;  date-day = 1*2DIGIT
Result<Date> parse_date_text(Cursor& in) {
    unsigned day_number = TRY(parse_fixed(in, 1));
    if (is_digit(in.peek())) day_number = day_number * 10 + TRY(parse_fixed(in, 1));
    return parse_month_and_year(in, day_number);
}

// time = 2DIGIT ":" 2DIGIT ":" 2DIGIT
Result<seconds> parse_time(Cursor& in) {
    const unsigned hour = TRY(parse_fixed(in, 2));
    TRY(in.expect(':'));
    const unsigned minute = TRY(parse_fixed(in, 2));
    TRY(in.expect(':'));
    const unsigned second = TRY(parse_fixed(in, 2));
    if (hour > 23 || minute > 59 || second > 60) return fail(Fault::syntax, "no such time of day");
    return hours(hour) + minutes(minute) + seconds(second);
}

// zone = ("+" / "-") 4DIGIT
Result<minutes> parse_zone(Cursor& in) {
    const bool west = in.take('-');
    if (!west) TRY(in.expect('+'));
    const unsigned hour = TRY(parse_fixed(in, 2));
    const unsigned minute = TRY(parse_fixed(in, 2));
    if (hour > 23 || minute > 59) return fail(Fault::syntax, "no such time zone");
    const minutes zone = hours(hour) + minutes(minute);
    return west ? -zone : zone;
}

void append_digits(std::string& out, unsigned value, size_t digits) {
    char text[4];
    for (size_t i = digits; i-- > 0; value /= 10) text[i] = static_cast<char>('0' + value % 10);
    out.append(text, digits);
}

void append_month_and_year(std::string& out, Date date) {
    out += '-';
    out += months[static_cast<unsigned>(date.month()) - 1];
    out += '-';
    append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
}

}  // namespace

Result<Date> parse_date(Cursor& in) {
    if (!in.take('"')) return parse_date_text(in);
    const Date date = TRY(parse_date_text(in));
    TRY(in.expect('"'));
    return date;
}

Result<DateTime> parse_date_time(Cursor& in) {
    TRY(in.expect('"'));
    // date-day-fixed = (SP DIGIT) / 2DIGIT
    const unsigned day_number = TRY(parse_fixed(in, in.take(' ') ? 1 : 2));
    const Date date = TRY(parse_month_and_year(in, day_number));
    TRY(in.expect(' '));
    const seconds time_of_day = TRY(parse_time(in));
    TRY(in.expect(' '));
    const minutes zone = TRY(parse_zone(in));
    TRY(in.expect('"'));
    const auto time = sys_days(date) + time_of_day - zone;
    // It is told in UTC, where date-year has four digits too.
    const int utc_year = static_cast<int>(Date(floor<days>(time)).year());
    if (utc_year < 0 || utc_year > 9999) return fail(Fault::syntax, "no year of four digits in UTC");
    return DateTime{time, zone};
}

void append_date(std::string& out, Date date) {
    const unsigned day_number = static_cast<unsigned>(date.day());
    append_digits(out, day_number, day_number < 10 ? 1 : 2);
    append_month_and_year(out, date);
}

void append_date_time(std::string& out, const DateTime& at) {
    const auto local = floor<seconds>(at.time) + at.zone;
    const auto midnight = floor<days>(local);
    const Date date(midnight);
    const hh_mm_ss clock(local - midnight);
    out += '"';
    const unsigned day_number = static_cast<unsigned>(date.day());
    if (day_number < 10) out += ' ';
    append_date(out, date);
    out += ' ';
    append_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
    out += ':';
    append_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
    out += ':';
    append_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
    out += at.zone < minutes(0) ? " -" : " +";
    const auto zone = static_cast<unsigned>(abs(at.zone).count());
    append_digits(out, zone / 60 * 100 + zone % 60, 4);
    out += '"';
}

}  // namespace heliopost::imap
