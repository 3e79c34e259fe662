#include "reports/statistics.h"

#include <utility>

namespace heliopost::reports {
namespace {

constexpr std::size_t fixed_keys = 4;  // that write() reads before the rows
constexpr std::size_t days_kept = 10;  // more than period_days_max

// What one commit comes to: the rows as they were and will be.
struct Change {
    store::Batch batch{store::reports_partition};
    Period period;
    DayCount day;

    void put(const std::string& key, const std::optional<std::string>& before, std::string after) {
        batch.assert_equal(key, before);
        batch.put(key, std::move(after));
    }
};

}  // namespace

// What one flush took: back goes what it did not write, however it ends, a stop included.
class Statistics::Taken {
public:
    explicit Taken(Statistics& from) : from_(from) {
        const std::lock_guard lock(from_.mutex_);
        periods_ = std::exchange(from_.gathered_, {}).periods;
    }
    ~Taken() {
        const std::lock_guard lock(from_.mutex_);
        for (const auto& [id, pending] : periods_) {
            for (const auto& [identity, count] : pending.rows)
                from_.add(id, pending.organisation, pending.policy, identity, count);
            if (pending.left_out == 0) continue;
            Pending& place = from_.place_for(id, pending.organisation);
            place.left_out += pending.left_out;
            place.policy = pending.policy;
        }
    }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    std::map<PeriodId, Pending>& periods() { return periods_; }

private:
    Statistics& from_;
    std::map<PeriodId, Pending> periods_;
};

void Statistics::count(Time now, Counted message) {
    message.row.count = 0;
    const std::string identity = encode(message.row);
    std::string organisation = suffixes_->organisational_domain(message.domain);
    if (organisation.empty()) organisation = message.domain;
    const std::lock_guard lock(mutex_);
    add({day_of(now), std::move(message.domain)}, organisation, message.policy, identity, 1);
}

Statistics::Pending& Statistics::place_for(const PeriodId& id, const std::string& organisation) {
    const auto known = gathered_.periods.find(id);
    if (known != gathered_.periods.end()) return known->second;
    if (id.domain.empty()) return gathered_.periods[id];
    Share& share = gathered_.shares[{id.day, organisation}];
    if (share.domains >= organisation_domains_max || gathered_.periods.size() >= pending_rows_max)
        return gathered_.periods[{id.day, {}}];
    ++share.domains;
    Pending& fresh = gathered_.periods[id];
    fresh.organisation = organisation;
    return fresh;
}

void Statistics::add(const PeriodId& id, const std::string& organisation, const std::string& policy,
                     const std::string& identity, std::uint64_t count) {
    Pending& pending = place_for(id, organisation);
    if (pending.organisation.empty()) {  // of the day alone
        pending.left_out += count;
        return;
    }
    pending.policy = policy;
    if (const auto row = pending.rows.find(identity); row != pending.rows.end()) {
        row->second += count;
        return;
    }
    Share& share = gathered_.shares[{id.day, organisation}];
    const bool full = gathered_.rows >= pending_rows_max || share.rows >= organisation_rows_max ||
                      pending.rows.size() >= period_rows_max;
    if (full) {
        pending.left_out += count;
        return;
    }
    pending.rows.emplace(identity, count);
    ++share.rows;
    ++gathered_.rows;
}

// What cannot be written keeps nothing else from it: a record may be broken.
net::Task<Result<void>> Statistics::flush() {
    Taken taken(*this);
    Result<void> all;
    std::map<std::string, std::uint64_t> left_out;  // by organisation
    for (auto at = taken.periods().begin(); at != taken.periods().end();) {
        auto written = co_await write(at->first, &at->second);
        // Another flush, or a report that was sent, came in between: once more.
        if (!written && written.error().fault == Fault::conflict)
            written = co_await write(at->first, &at->second);
        if (!written) {
            if (all) all = std::unexpected(std::move(written).error());
            ++at;
            continue;
        }
        if (*written != 0) left_out[at->second.organisation] += *written;
        at = taken.periods().erase(at);
    }
    for (const auto& [organisation, messages] : left_out)
        log_.warning("reports.left_out", {{"organisation", organisation}, {"messages", messages}});
    co_return all;
}

// A commit a domain: its rows, its period, its organisation and the day. Gives the messages without a row.
net::Task<Result<std::uint64_t>> Statistics::write(PeriodId id, const Pending* pending) {
    const std::string organisation = organisation_key({id.day, pending->organisation});
    std::vector<std::string> keys{day_key(id.day), period_key(id), sent_key(id), organisation};
    for (const auto& [identity, count] : pending->rows) keys.push_back(row_key(id, identity));
    const auto found = CO_TRY(co_await store_.multi_get(store::reports_partition, keys));
    Change change;
    std::uint32_t domains = 0;  // of the organisation
    if (const auto& day = found[0]) change.day = CO_TRY(decode_day(*day));
    if (const auto& share = found[3]) domains = CO_TRY(decode_organisation(*share));
    change.period.begin = begin_of(id.day);
    if (const auto& sent = found[2]) change.period.begin = CO_TRY(decode_sent(*sent));
    if (const auto& period = found[1]) change.period = CO_TRY(decode_period(*period));
    const bool known = found[1] || found[2];
    std::uint64_t messages = pending->left_out;
    for (const auto& [identity, count] : pending->rows) messages += count;
    const bool full = change.day.domains >= day_domains_max || domains >= organisation_domains_max;
    if (id.domain.empty() || (!known && full)) {
        change.day.left_out += messages;
        change.put(keys[0], found[0], encode(change.day));
        CO_TRY(co_await store_.commit(std::move(change.batch)));
        co_return messages;
    }
    change.period.policy = pending->policy;
    change.period.messages += messages;
    std::uint64_t left_out = pending->left_out;
    std::size_t place = fixed_keys;
    for (const auto& [identity, count] : pending->rows) {
        const std::optional<std::string>& before = found[place];
        const std::string& key = keys[place++];
        if (!before && change.period.rows >= period_rows_max) {
            left_out += count;
            continue;
        }
        feedback::Row row = CO_TRY(decode_row(before.value_or(identity)));
        if (!before) ++change.period.rows;
        row.count += count;
        change.batch.put(key, encode(row));  // the period's own row says whether somebody came in between
    }
    change.period.left_out += left_out;
    change.put(keys[1], found[1], encode(change.period));
    if (!known) {
        ++change.day.domains;
        change.put(keys[0], found[0], encode(change.day));
        change.put(organisation, found[3], encode_organisation(domains + 1));
    }
    CO_TRY(co_await store_.commit(std::move(change.batch)));
    co_return left_out;
}

net::Task<Result<std::uint64_t>> Statistics::left_out() {
    std::uint64_t messages = 0;
    const auto days = CO_TRY(co_await store_.scan(store::reports_partition, day_key(0), day_key(UINT32_MAX),
                                                  days_kept, store::Direction::forward));
    for (const auto& [key, value] : days) messages += CO_TRY(decode_day(value)).left_out;
    co_return messages;
}

net::Task<void> Statistics::flush_often(net::World* world) {
    for (;;) {
        co_await world->sleep_until(world->after(flush_interval));
        const auto written = co_await flush();
        if (!written) log_.error("reports.not_written", {{"reason", written.error().text}});
    }
}

}  // namespace heliopost::reports
