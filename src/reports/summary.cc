#include "reports/summary.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text.h"

namespace heliopost::reports {
namespace {

// A report may say any number: no sum goes round to a small one.
void add_up(std::uint64_t& sum, std::uint64_t more) {
    sum += std::min(more, UINT64_MAX - sum);
}

}  // namespace

void Summary::add(const ReceivedAggregate& received) {
    const feedback::Aggregate& report = received.report;
    if (!filter_.domain.empty() && !same_ignoring_case(filter_.domain, report.policy.domain)) return;
    if (report.end < filter_.ended_after) return;
    ++reports_;
    for (const feedback::Row& row : report.rows) add(report, row);
}

void Summary::add(const feedback::Aggregate& report, const feedback::Row& row) {
    std::pair<std::string, std::string> key{to_lower(report.policy.domain), row.source_ip};
    if (sources_.size() >= sources_max && !sources_.contains(key)) key = {"", "others"};
    SourceSummary& to = sources_[key];
    to.domain = key.first;
    to.source = key.second;
    add_up(to.messages, row.count);
    const bool dkim = same_ignoring_case(row.dkim, "pass"), spf = same_ignoring_case(row.spf, "pass");
    if (dkim) add_up(to.dkim_passed, row.count);
    if (spf) add_up(to.spf_passed, row.count);
    if (dkim || spf) add_up(to.passed, row.count);
    if (same_ignoring_case(row.disposition, "reject"))
        add_up(to.rejected, row.count);
    else if (same_ignoring_case(row.disposition, "quarantine"))
        add_up(to.quarantined, row.count);
    else
        add_up(to.delivered, row.count);
    const bool named = to.reporters.size() < reporters_max || to.reporters.contains(report.org_name);
    add_up(to.reporters[named ? report.org_name : "others"], row.count);
}

std::vector<SourceSummary> Summary::sources() const {
    std::vector<SourceSummary> all;
    all.reserve(sources_.size());
    for (const auto& [key, one] : sources_) all.push_back(one);
    std::ranges::sort(all, [](const SourceSummary& a, const SourceSummary& b) {
        return std::tie(b.messages, a.domain, a.source) < std::tie(a.messages, b.domain, b.source);
    });
    return all;
}

}  // namespace heliopost::reports
