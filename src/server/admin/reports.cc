// reports.dmarc, reports.import, reports.send
#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "reports/summary.h"
#include "server/admin/operations.h"

namespace heliopost::admin {
namespace {

std::int64_t number(std::uint64_t value) {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}

// Since when, by "days"; without: all.
Result<std::uint64_t> beginning(const Administered* of, const Request& request) {
    const std::string text = request.field("days");
    if (text.empty()) return std::uint64_t{0};
    constexpr std::uint64_t days_at_most = 36'500;
    const auto days = to_number(text);
    if (!days || *days == 0 || *days > days_at_most) return fail(Fault::syntax, "days is no number of days");
    const auto now = static_cast<std::uint64_t>(unix_milliseconds(of->world->now()) / 1000);
    return now - std::min(now, *days * 86'400);
}

constexpr std::size_t failures_shown = 1'000;  // the newest

// Oldest first, and only the newest.
void trim(std::vector<std::vector<Cell>>& rows) {
    std::ranges::sort(rows);
    if (rows.size() > failures_shown) rows.erase(rows.begin(), rows.end() - failures_shown);
}

std::string reporters_of(const reports::SourceSummary& of) {
    std::string out;
    for (const auto& [name, messages] : of.reporters) out += (out.empty() ? "" : ", ") + name;
    return out;
}

net::Task<Result<Answer>> show_sources(Administered* of, Request request) {
    reports::Received received(*of->store, *of->directory);
    reports::Summary summary({request.field("domain"), CO_TRY(beginning(of, request))});
    CO_TRY(co_await received.each_aggregate([&summary](const auto& one) { summary.add(one); }));
    Answer answer{"",
                  {"domain", "source", "messages", "passed", "dkim", "spf", "delivered", "quarantined",
                   "rejected", "reporters"},
                  {}};
    for (const reports::SourceSummary& one : summary.sources())
        answer.rows.push_back({one.domain, one.source, number(one.messages), number(one.passed),
                               number(one.dkim_passed), number(one.spf_passed), number(one.delivered),
                               number(one.quarantined), number(one.rejected), reporters_of(one)});
    if (answer.rows.empty()) answer.message = "no reports";
    co_return answer;
}

net::Task<Result<Answer>> show_failures(Administered* of, Request request) {
    reports::Received received(*of->store, *of->directory);
    const std::string domain = request.field("domain");
    const std::uint64_t since = CO_TRY(beginning(of, request));
    Answer answer{
        "", {"received", "domain", "source", "from", "failure", "delivery", "messages", "reporter"}, {}};
    CO_TRY(co_await received.each_failure([&](const reports::ReceivedFailure& one) {
        const feedback::Failure& report = one.report;
        const std::string about = report.reported_domains.empty() ? "" : report.reported_domains.front();
        if (!domain.empty() && !same_ignoring_case(domain, about)) return;
        if (unix_milliseconds(one.at) < static_cast<std::int64_t>(since) * 1000) return;
        answer.rows.push_back({to_rfc3339(one.at), about, report.source_ip, report.original_mail_from,
                               report.auth_failure, report.delivery_result, number(report.incidents),
                               report.reporting_mta.empty() ? report.user_agent : report.reporting_mta});
        if (answer.rows.size() == 2 * failures_shown) trim(answer.rows);
    }));
    trim(answer.rows);
    if (answer.rows.empty()) answer.message = "no reports";
    co_return answer;
}

// What the command read from files: "file.0" and "report.0", and so on.
net::Task<Result<Answer>> import(Administered* of, Request request) {
    reports::Received received(*of->store, *of->directory);
    Answer answer{"", {"file", "state"}, {}};
    for (std::size_t i = 0; request.fields.contains("report." + std::to_string(i)); ++i) {
        const std::string file = request.field("file." + std::to_string(i));
        const auto octets = from_base64(request.field("report." + std::to_string(i)));
        if (!octets) co_return fail(Fault::syntax, "a report is not base64");
        auto report = co_await of->world->on_pool([octets = *octets] { return feedback::read_any(octets); });
        if (!report) {
            answer.rows.push_back({file, report.error().text});
            continue;
        }
        const auto taken = CO_TRY(co_await received.keep(std::move(*report), of->world->now()));
        answer.rows.push_back({file, std::string(name_of(taken))});
    }
    co_return answer;
}

}  // namespace

net::Task<Result<Answer>> run_reports(Administered* of, Request request) {
    if (request.operation == "reports.dmarc") {
        if (!request.field("failures").empty()) co_return co_await show_failures(of, std::move(request));
        co_return co_await show_sources(of, std::move(request));
    }
    if (request.operation == "reports.import") co_return co_await import(of, std::move(request));
    if (request.operation != "reports.send") co_return std::unexpected(unknown_operation(request));
    if (!of->reports) co_return fail(Fault::not_found, "no server that sends reports runs here");
    co_return co_await of->reports(std::move(request));
}

}  // namespace heliopost::admin
