// The rows of the reports partition, to octets and back: docs/format-reports.md.
//
// Decoding fails with Fault::internal. Internal to reports/ and fsck.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "proto/feedback/aggregate.h"

namespace heliopost::reports {

// Days since 1970, UTC.
using Day = std::uint32_t;
constexpr std::int64_t day_seconds = 86'400;
constexpr Day day_of(Time time) {
    return static_cast<Day>(unix_milliseconds(time) / (1000 * day_seconds));
}
constexpr std::int64_t begin_of(Day day) {
    return std::int64_t{day} * day_seconds;
}

// A domain with a DMARC record, and a day.
struct PeriodId {
    Day day = 0;
    std::string domain;
    auto operator<=>(const PeriodId&) const = default;
};

struct Period {
    std::string policy;          // the DMARC record
    std::int64_t begin = 0;      // unix seconds
    std::uint64_t messages = 0;  // in all
    std::uint32_t rows = 0;
    std::uint64_t left_out = 0;  // messages that no row is about
    bool operator==(const Period&) const = default;
};

struct DayCount {
    std::uint32_t domains = 0;
    std::uint64_t left_out = 0;
    bool operator==(const DayCount&) const = default;
};

std::string period_key(const PeriodId& id);
std::string periods_end(Day before);  // of the periods of earlier days
std::string periods_begin();
// identity: encode() of the row with a count of 0.
std::string row_key(const PeriodId& id, std::string_view identity);
std::string rows_prefix(const PeriodId& id);
std::string sent_key(const PeriodId& id);
std::string sent_begin(Day day);
std::string day_key(Day day);
std::string organisation_key(const PeriodId& id);  // id.domain: a registered name
std::string organisations_begin(Day day);
Result<PeriodId> parse_period_key(std::string_view key);

std::string encode(const Period& period);
std::string encode(const DayCount& count);
std::string encode_sent(std::int64_t end);
std::string encode_organisation(std::uint32_t domains);
std::string encode(const feedback::Row& row);
Result<Period> decode_period(std::string_view octets);
Result<DayCount> decode_day(std::string_view octets);
Result<std::int64_t> decode_sent(std::string_view octets);
Result<std::uint32_t> decode_organisation(std::string_view octets);
Result<feedback::Row> decode_row(std::string_view octets);

// One row by itself, for fsck: what is wrong with it.
std::optional<std::string> check_row(std::string_view key, std::string_view value);

}  // namespace heliopost::reports
