// Summaries: what the reports about our domains come to, as tables.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reports/received.h"

namespace heliopost::reports {

inline constexpr std::size_t reporters_max = 20;    // told of a source; the rest is one
inline constexpr std::size_t sources_max = 10'000;  // of a table; the rest is counted as one

// What one address sent in a domain's name.
struct SourceSummary {
    std::string domain;  // that the reports are about
    std::string source;  // IP address; "others" past sources_max
    std::uint64_t messages = 0, passed = 0, dkim_passed = 0, spf_passed = 0;  // passed: DMARC
    std::uint64_t delivered = 0, quarantined = 0, rejected = 0;
    std::map<std::string, std::uint64_t> reporters;  // messages by organisation
};

// Which reports count.
struct SummaryFilter {
    std::string domain;             // empty: all
    std::uint64_t ended_after = 0;  // unix seconds: the report's period
};

class Summary {
public:
    explicit Summary(SummaryFilter filter) : filter_(std::move(filter)) {}
    void add(const ReceivedAggregate& received);
    // Most messages first.
    std::vector<SourceSummary> sources() const;
    std::size_t reports() const { return reports_; }

private:
    void add(const feedback::Aggregate& report, const feedback::Row& row);

    SummaryFilter filter_;
    std::size_t reports_ = 0;
    std::map<std::pair<std::string, std::string>, SourceSummary> sources_;
};

}  // namespace heliopost::reports
