// The BIMI record of a domain: where its logo is, and who vouches for it. Nothing is fetched here.
//
// draft-brand-indicators-for-message-identification, §4.2 (record) and §5 (BIMI-Selector).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::bimi {

inline constexpr size_t record_octets_max = 4096;
inline constexpr size_t selector_octets_max = 63;  // RFC 1035 §2.3.4

struct Record {
    std::string logo;       // l=: "https://...", or empty
    std::string authority;  // a=: "https://...", or empty
    // Both empty: the domain says that it wants no logo shown.
    bool declined() const { return logo.empty() && authority.empty(); }
    bool operator==(const Record&) const = default;
};

bool is_record(std::string_view text);
Result<Record> parse_record(std::string_view text);

// s= of a BIMI-Selector field.
Result<std::string> parse_selector(std::string_view value);

}  // namespace heliopost::bimi
