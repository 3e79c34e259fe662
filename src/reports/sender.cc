#include "reports/sender.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "crypto/sha256.h"
#include "delivery/notify.h"
#include "net/event.h"
#include "proto/feedback/unpack.h"
#include "store/tuple.h"

namespace heliopost::reports {
namespace {

constexpr std::size_t periods_a_page = 200;
constexpr std::size_t unique_octets = 12;

std::int64_t seconds_of(Time time) {
    return unix_milliseconds(time) / 1000;
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
    std::string out;
    for (const std::string& one : texts) out += (out.empty() ? "" : std::string(between)) + one;
    return out;
}

}  // namespace

Sender::Sender(const delivery::Delivering& with, directory::Directory* directory, Statistics* statistics,
               SenderOptions options)
    : with_(with), directory_(directory), statistics_(statistics), options_(std::move(options)) {
    with_.expire_after = report_expires;
}

// The same moment for the same domain on each day, of another host another one.
bool Sender::is_due(const PeriodId& id, Time now) const {
    crypto::Sha256 hash;
    hash.add(options_.reporter.host_name + "\n" + id.domain);
    const std::string octets = hash.finish();
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 7; ++i) number = number << 8 | static_cast<unsigned char>(octets[i]);
    const auto spread = static_cast<std::uint64_t>(std::chrono::seconds(send_spread).count());
    const auto wait = std::chrono::seconds(send_begin).count() + static_cast<std::int64_t>(number % spread);
    return seconds_of(now) >= begin_of(id.day + 1) + wait;
}

bool Sender::is_for_later(const PeriodId& id) const {
    const auto at = later_.find(id);
    return at != later_.end() && with_.world.tick() < at->second;
}

// Some periods that are worked at at once, and what became of them. The tasks share it, so that it outlives
// whoever waits for them.
struct Sender::Round {
    Round(net::World& world, std::shared_ptr<Busy> held) : busy(std::move(held)), done(world) {}
    std::shared_ptr<Busy> busy;
    std::vector<Due> due;
    std::vector<std::optional<Sent>> sent;  // as due
    std::size_t next = 0;
    std::size_t running = 0;
    net::Event done;
};

net::Task<Result<std::vector<Sent>>> Sender::send(Which which, std::string domain) {
    if (!busy_.expired()) co_return fail(Fault::temporary, "reports are being sent already");
    const auto busy = std::make_shared<Busy>();
    busy_ = busy;
    CO_TRY(co_await statistics_->flush());
    auto sent = co_await send_all(busy, which, std::move(domain));
    co_return sent;
}

net::Task<Result<std::vector<Sent>>> Sender::send_all(std::shared_ptr<Busy> busy, Which which,
                                                      std::string domain) {
    const Time now = with_.world.now();
    const Day today = day_of(now);
    const std::string high = periods_end(which == Which::today ? today + 1 : today);
    std::string low = periods_begin();
    std::vector<Sent> all;
    for (bool more = true; more;) {
        auto page = CO_TRY(co_await with_.store.scan(store::reports_partition, low, high, periods_a_page,
                                                     store::Direction::forward));
        more = page.size() == periods_a_page;
        if (more) low = page.back().first + '\0';
        const auto round = std::make_shared<Round>(with_.world, busy);
        for (auto& [key, value] : page) {
            const PeriodId id = CO_TRY(parse_period_key(key));
            if (!domain.empty() && domain != id.domain) continue;
            if (which == Which::due && (!is_due(id, now) || is_for_later(id))) continue;
            const std::int64_t end = std::min(begin_of(id.day + 1), seconds_of(now));
            round->due.push_back({id, std::move(value), end, which == Which::due});
        }
        co_await work_off(round);
        for (std::optional<Sent>& one : round->sent)
            if (one) all.push_back(*std::move(one));
    }
    CO_TRY(co_await forget_old());
    co_return all;
}

net::Task<void> Sender::work_off(std::shared_ptr<Round> round) {
    round->sent.resize(round->due.size());
    if (round->due.empty()) co_return;
    {
        const Working all(round);  // so that the last is not done before the next has begun
        for (std::size_t i = 0; i < std::min(reports_at_once, round->due.size()); ++i)
            options_.tasks->spawn(work(Working(round)));
    }
    if (options_.tasks->stopping()) throw net::Stopped();
    co_await round->done.wait(Deadline::max());
}

net::Task<void> Sender::work(Working round) {
    while (round->next < round->due.size()) {
        const std::size_t at = round->next++;
        try {
            round->sent[at] = co_await send_or_tell(std::move(round->due[at]));
        } catch (const net::Stopped&) {
            throw;
        } catch (const std::exception& error) {  // the pool is full: it is due again in the next round
            with_.world.log().error("report.failed", {{"reason", error.what()}});
        }
    }
}

// The others must not wait for one that fails.
net::Task<Sent> Sender::send_or_tell(Due due) {
    const PeriodId id = due.id;
    auto one = co_await send_one(std::move(due));
    if (!one) {
        with_.world.log().error("report.failed", {{"domain", id.domain}, {"reason", one.error().text}});
        one = Sent{.id = id, .to = {}, .report_id = {}, .reason = one.error().text, .waits = true};
    }
    if (one->waits)
        later_.insert_or_assign(id, with_.world.tick() + retry_after);
    else
        later_.erase(id);
    co_return *std::move(one);
}

// The commit that queues a report takes the period away: who is silent then never gets it.
bool Sender::waits_for(const dmarc_check::Destinations& found, const Due& due) const {
    if (!found.failed) return false;
    const Day today = day_of(with_.world.now());
    if (found.allowed.empty()) return today <= due.id.day + period_days_max;
    return due.patient && today <= due.id.day + 1;
}

net::Task<Result<Sent>> Sender::send_one(Due due) {
    const PeriodId& id = due.id;
    const Period period = CO_TRY(decode_period(due.stored));
    Sent sent{.id = id, .to = {}, .report_id = {}, .messages = period.messages, .reason = {}};
    const auto record = dmarc::parse_record(period.policy);
    dmarc_check::Destinations found;
    if (record) {
        const dmarc_check::Inquirer by{&with_.world, options_.tasks, options_.suffixes.get(),
                                       with_.world.after(destination_wait_max)};
        found = co_await dmarc_check::find_destinations(by, id.domain, record->aggregate_to);
    }
    sent.reason = joined(found.refused, "; ");
    if (waits_for(found, due)) {
        sent.waits = true;
        co_return sent;
    }
    const feedback::Aggregate report =
        make_aggregate(options_.reporter, id, period, CO_TRY(co_await rows_of(id)), due.end);
    queue::Also also;
    CO_TRY(co_await queue_for(&sent, &report, std::move(found.allowed), &also));
    const auto committed = co_await commit(id, std::move(due.stored), due.end, std::move(also));
    if (!committed && committed.error().fault == Fault::conflict) {  // more was counted meanwhile
        sent.to.clear();
        sent.waits = true;
        co_return sent;
    }
    if (!committed) co_return std::unexpected(committed.error());
    with_.world.log().info(sent.to.empty() ? "report.dropped" : "report.sent", {{"domain", id.domain},
                                                                                {"report_id", sent.report_id},
                                                                                {"to", joined(sent.to, ",")},
                                                                                {"messages", sent.messages},
                                                                                {"reason", sent.reason}});
    co_return sent;
}

net::Task<Result<std::vector<feedback::Row>>> Sender::rows_of(PeriodId id) {
    const std::string low = rows_prefix(id);
    const auto found = CO_TRY(co_await with_.store.scan(
        store::reports_partition, low, store::after_prefix(low), period_rows_max, store::Direction::forward));
    std::vector<feedback::Row> rows;
    rows.reserve(found.size());
    for (const auto& [key, value] : found) rows.push_back(CO_TRY(decode_row(value)));
    co_return rows;
}

// A message to each: none learns who else gets it.
net::Task<Result<void>> Sender::queue_for(Sent* sent, const feedback::Aggregate* report,
                                          std::vector<dmarc_check::Destination> to, queue::Also* also) {
    sent->report_id = report->report_id;
    const std::string packed = co_await with_.world.on_pool(
        [report = *report] { return feedback::pack(feedback::write_aggregate(report)); });
    for (dmarc_check::Destination& one : to) {
        const std::string address = smtp::to_string(one.address);
        // RFC 7489 §6.4: after it is packed, before it is encoded
        if (packed.size() > one.octets_max.value_or(packed.size())) {
            sent->reason +=
                (sent->reason.empty() ? "" : "; ") + address + ": the report is larger than it wants";
            continue;
        }
        const QueueId id = with_.queue.next_id(with_.world);
        const std::string unique = to_hex(with_.world.random_octets(unique_octets));
        const AggregateMessage message{with_.world.now(), one.address,
                                       unique + "@" + options_.reporter.host_name, "=_" + unique};
        auto made = CO_TRY(
            co_await delivery::make_notification(&with_, directory_, id, std::move(one.address),
                                                 compose(options_.reporter, *report, message, packed)));
        if (made.also.batches.empty()) {
            sent->reason += (sent->reason.empty() ? "" : "; ") + address + ": nobody is there";
            continue;
        }
        std::ranges::move(made.also.batches, std::back_inserter(also->batches));
        std::ranges::move(made.also.blobs, std::back_inserter(also->blobs));
        std::ranges::move(made.also.added, std::back_inserter(also->added));
        sent->to.push_back(address);
    }
    co_return Result<void>();
}

// The report is queued and the period gone, or neither.
net::Task<Result<void>> Sender::commit(PeriodId id, std::string stored, std::int64_t end, queue::Also also) {
    store::Batch& batch = also.batches.emplace_back(store::reports_partition);
    batch.assert_equal(period_key(id), std::move(stored));
    batch.erase(period_key(id));
    const std::string rows = rows_prefix(id);
    batch.erase_range(rows, store::after_prefix(rows));
    batch.put(sent_key(id), encode_sent(end));
    CO_TRY(co_await with_.store.commit(std::move(also.batches), std::move(also.blobs)));
    for (queue::Added& added : also.added) with_.queue.added(std::move(added));
    co_return Result<void>();
}

// What says that a report was sent is needed as long as its day may be counted for.
net::Task<Result<void>> Sender::forget_old() {
    const Day today = day_of(with_.world.now());
    if (cleaned_ == today || today <= period_days_max) co_return Result<void>();
    const Day kept = today - period_days_max;
    std::erase_if(later_, [kept](const auto& one) { return one.first.day < kept; });
    store::Batch batch(store::reports_partition);
    batch.erase_range(sent_begin(0), sent_begin(kept));
    batch.erase_range(day_key(0), day_key(kept));
    batch.erase_range(organisations_begin(0), organisations_begin(kept));
    CO_TRY(co_await with_.store.commit(std::move(batch)));
    cleaned_ = today;
    co_return Result<void>();
}

net::Task<void> Sender::send_daily() {
    for (;;) {
        co_await with_.world.sleep_until(with_.world.after(send_interval));
        Result<std::vector<Sent>> sent;
        try {
            sent = co_await send(Which::due, "");
        } catch (const net::Stopped&) {
            throw;
        } catch (const std::exception& error) {  // the pool is full
            sent = fail(Fault::temporary, error.what());
        }
        if (!sent) with_.world.log().error("reports.not_sent", {{"reason", sent.error().text}});
    }
}

}  // namespace heliopost::reports
