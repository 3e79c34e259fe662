// The records of received reports, to octets and back: docs/format-reports.md. Internal to reports/ and fsck.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reports/received.h"

namespace heliopost::reports {

inline constexpr std::size_t received_piece_octets = 90'000;  // below store::value_octets_max

std::string received_prefix(ReceivedKind kind);
std::string received_key(ReceivedKind kind, std::string_view id, std::uint8_t piece);
std::string received_counter();

// By which a report that comes again is known: 16 octets.
std::string identity_of(const feedback::Aggregate& report);
std::string identity_of(const feedback::Failure& report);

// Rows past received_octets_max are left out, and counted.
std::string encode(const ReceivedAggregate& received);
std::string encode(const ReceivedFailure& received);
Result<ReceivedAggregate> decode_received_aggregate(std::string_view record);
Result<ReceivedFailure> decode_received_failure(std::string_view record);
// One row by itself, for fsck. A record of several pieces is not read: its end is elsewhere.
std::optional<std::string> check_received_row(std::string_view key, std::string_view value);

// When a report came, from the first piece of its record.
Time received_at(std::string_view first_piece);

}  // namespace heliopost::reports
