// The report that a message brings, found among its parts: an aggregate report in a file, or a feedback
// report.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "proto/feedback/aggregate.h"
#include "proto/feedback/failure.h"

namespace heliopost::feedback {

inline constexpr size_t report_parts_max = 8;  // files of a message that are tried

using Report = std::variant<Aggregate, Failure>;

// message: whole. Fault::not_found where it brings none; else why the first that looked like one is none.
Result<Report> read_report(std::string_view message);

// What a file holds: such a message, or an aggregate report as it is, packed or not.
Result<Report> read_any(std::string_view octets);

}  // namespace heliopost::feedback
