// Values that a peer chose, as they may stand in a field. Internal to proto/results.
#pragma once

#include <string>
#include <string_view>

namespace heliopost::results {

// Cut to value_octets_max, never within a character; control characters and broken UTF-8 become "?", for they
// could end the field or hide what stands behind them.
std::string clean(std::string_view text);

std::string quoted(std::string_view text);      // of a clean text: "\"a b\""
std::string comment_of(std::string_view text);  // of any text: "(a b)"

}  // namespace heliopost::results
