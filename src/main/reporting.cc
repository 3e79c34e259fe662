// DMARC reports of a running server.
#include <utility>

#include "main/program.h"
#include "net/hop.h"

namespace heliopost {
namespace {

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& one : texts) out += (out.empty() ? "" : " ") + one;
    return out;
}

}  // namespace

void Program::make_reports() {
    const ReportsSettings& from = settings_.reports;
    received_ = std::make_unique<reports::Received>(*store_, *directory_);
    if (!from.addresses.empty())
        inbox_ = std::make_unique<reports::Inbox>(world(), *store_, *received_, from.addresses);
    if (!from.send_dmarc || !settings_.checks.enabled) return;
    statistics_ = std::make_unique<reports::Statistics>(*store_, log_, suffixes_);
    delivery::Delivering with{world(), *store_, *queue_, settings_.server.host_name};
    with.keys = keys_.get();
    reports::SenderOptions options{
        {from.organisation, from.address, settings_.server.host_name}, suffixes_, &core_.front()->upkeep};
    sender_ =
        std::make_unique<reports::Sender>(with, directory_.get(), statistics_.get(), std::move(options));
}

void Program::start_reports() {
    net::TaskGroup& upkeep = core_.front()->upkeep;
    upkeep.spawn(forget_reports());
    if (inbox_ != nullptr) upkeep.spawn(inbox_->run());
    if (sender_ == nullptr) return;
    upkeep.spawn(statistics_->flush_often(&world()));
    upkeep.spawn(sender_->send_daily());
}

net::Task<void> Program::forget_reports() {
    constexpr std::chrono::hours interval{24};
    for (;;) {
        const auto done = co_await received_->forget(world().now() - settings_.reports.keep);
        if (!done) log_.error("reports.not_erased", {{"reason", done.error().text}});
        co_await world().sleep_until(world().after(interval));
    }
}

// "now": what was counted today, too. On any loop.
net::Task<Result<admin::Answer>> Program::send_reports(admin::Request request) {
    using Which = reports::Sender::Which;
    const Which which = request.field("now").empty() ? Which::past : Which::today;
    const auto sent = CO_TRY(co_await net::run_on(&world(), sender_->send(which, request.field("domain"))));
    admin::Answer answer{"", {"domain", "messages", "to", "report_id", "state", "reason"}, {}};
    for (const reports::Sent& one : sent) {
        const std::string state = one.waits ? "waits" : one.to.empty() ? "dropped" : "queued";
        answer.rows.push_back({one.id.domain, static_cast<std::int64_t>(one.messages), joined(one.to),
                               one.report_id, state, one.reason});
    }
    if (const std::uint64_t left_out = CO_TRY(co_await statistics_->left_out()); left_out != 0)
        answer.rows.push_back({"", static_cast<std::int64_t>(left_out), "", "", "left out",
                               "of these days, in no report: too many domains"});
    if (answer.rows.empty()) answer.message = "there is nothing to report";
    co_return answer;
}

// Once no session is left on any loop.
net::Task<void> Program::close_books() {
    co_await accounts_->stop();
    if (statistics_ == nullptr) co_return;
    const auto written = co_await statistics_->flush();
    if (!written) log_.error("reports.not_written", {{"reason", written.error().text}});
}

}  // namespace heliopost
