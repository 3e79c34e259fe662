// The DMARC record of a domain: what to do with mail that bears its name and cannot prove it, and whom to
// tell. RFC 9989 §4.7 and §4.8, and of RFC 7489 §6.3 what records still say: pct, ri, rf and the size limits
// of URIs.
//
// Tolerant, as both ask: an unknown tag is passed over, a wrong value means its default. Only a first tag
// that is not v=DMARC1 and a policy that cannot be read where nobody could be told make it no record.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace heliopost::dmarc {

inline constexpr size_t record_octets_max = 65'535;  // RFC 1035 §3.2.1
inline constexpr size_t tags_max = 64;               // the registry knows thirteen
inline constexpr size_t uris_max = 16;               // of rua or ruf; the rest is passed over
inline constexpr size_t uri_octets_max = 2048;

enum class Policy : std::uint8_t { none, quarantine, reject };
enum class Alignment : std::uint8_t { relaxed, strict };
enum class SuffixMark : std::uint8_t { unknown, yes, no };  // psd=

struct ReportUri {
    std::string uri;                          // "mailto:reports@a.example", printable ASCII
    std::optional<std::uint64_t> octets_max;  // "!10m": RFC 7489 §6.4
    bool operator==(const ReportUri&) const = default;
};

// fo=
struct FailureOptions {
    bool all_failed = true;   // "0"
    bool any_failed = false;  // "1"
    bool dkim = false;        // "d"
    bool spf = false;         // "s"
    bool operator==(const FailureOptions&) const = default;
};

struct Record {
    Policy policy = Policy::none;                          // p=
    std::optional<Policy> subdomains, missing_subdomains;  // sp=, np=
    Alignment dkim = Alignment::relaxed, spf = Alignment::relaxed;
    SuffixMark suffix = SuffixMark::unknown;
    bool testing = false;    // t=y
    unsigned percent = 100;  // pct=
    FailureOptions failures;
    std::vector<ReportUri> aggregate_to, failures_to;  // rua=, ruf=
    std::chrono::seconds interval{86'400};             // ri=

    bool operator==(const Record&) const = default;
};

// Whether a TXT record is a DMARC record at all: its first tag is v=DMARC1.
bool is_record(std::string_view text);
Result<Record> parse_record(std::string_view text);

// As it would be published; parses to the same value.
std::string to_string(const Record& record);

std::string_view name_of(Policy policy);

}  // namespace heliopost::dmarc
