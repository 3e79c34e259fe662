#include "reports/statistics.h"

#include <utility>

namespace heliopost::reports {
namespace {

// What one commit comes to: the rows as they were and will be.
struct Change {
    store::Batch batch{store::reports_partition};
    Period period;
    DayCount day;
    bool known = false;  // the period has been written before

    void put(const std::string& key, const std::optional<std::string>& before, std::string after) {
        batch.assert_equal(key, before);
        batch.put(key, std::move(after));
    }
};

}  // namespace

void Statistics::count(Time now, Counted message) {
    message.row.count = 0;
    const std::string identity = encode(message.row);
    const std::lock_guard lock(mutex_);
    add({day_of(now), std::move(message.domain)}, message.policy, identity, 1);
}

void Statistics::add(const PeriodId& id, const std::string& policy, const std::string& identity,
                     std::uint64_t count) {
    auto place = pending_.find(id);
    if (place == pending_.end() && pending_.size() >= pending_rows_max) {
        place = pending_.try_emplace({id.day, {}}).first;  // no domain: counted of the day alone
    } else if (place == pending_.end()) {
        place = pending_.try_emplace(id).first;
    }
    Pending& pending = place->second;
    if (place->first.domain.empty()) {
        pending.left_out += count;
        return;
    }
    pending.policy = policy;
    const auto row = pending.rows.find(identity);
    if (row != pending.rows.end()) {
        row->second += count;
    } else if (pending_rows_ >= pending_rows_max || pending.rows.size() >= period_rows_max) {
        pending.left_out += count;
    } else {
        pending.rows.emplace(identity, count);
        ++pending_rows_;
    }
}

net::Task<Result<void>> Statistics::flush() {
    Pendings pendings;
    {
        const std::lock_guard lock(mutex_);
        pendings = std::exchange(pending_, {});
        pending_rows_ = 0;
    }
    while (!pendings.empty()) {
        auto written = co_await write(pendings.begin()->first, &pendings.begin()->second);
        // Another flush, or a report that was sent, came in between: once more.
        if (!written && written.error().fault == Fault::conflict)
            written = co_await write(pendings.begin()->first, &pendings.begin()->second);
        if (!written) {
            give_back(std::move(pendings));
            co_return written;
        }
        pendings.erase(pendings.begin());
    }
    co_return Result<void>();
}

void Statistics::give_back(Pendings pendings) {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, pending] : pendings) {
        for (const auto& [identity, count] : pending.rows) add(id, pending.policy, identity, count);
        if (pending.left_out != 0) pending_[id].left_out += pending.left_out;
    }
}

// A commit a domain: its rows, its period and the day.
net::Task<Result<void>> Statistics::write(PeriodId id, const Pending* pending) {
    std::vector<std::string> keys{day_key(id.day), period_key(id), sent_key(id)};
    for (const auto& [identity, count] : pending->rows) keys.push_back(row_key(id, identity));
    const auto found = CO_TRY(co_await store_.multi_get(store::reports_partition, keys));
    Change change;
    if (const auto& day = found[0]) change.day = CO_TRY(decode_day(*day));
    change.period.begin = begin_of(id.day);
    if (const auto& sent = found[2]) change.period.begin = CO_TRY(decode_sent(*sent));
    if (const auto& period = found[1]) {
        change.period = CO_TRY(decode_period(*period));
        change.known = true;
    }
    std::uint64_t messages = pending->left_out;
    for (const auto& [identity, count] : pending->rows) messages += count;
    const bool of_day = id.domain.empty() || (!change.known && change.day.domains >= day_domains_max);
    if (of_day) {
        change.day.left_out += messages;
        log_.warning("reports.left_out", {{"domain", id.domain}, {"messages", messages}});
        change.put(keys[0], found[0], encode(change.day));
        CO_TRY(co_await store_.commit(std::move(change.batch)));
        co_return Result<void>();
    }
    change.period.policy = pending->policy;
    change.period.messages += messages;
    std::uint64_t left_out = pending->left_out;
    std::size_t place = 3;
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
    if (left_out != 0) log_.warning("reports.left_out", {{"domain", id.domain}, {"messages", left_out}});
    change.period.left_out += left_out;
    change.put(keys[1], found[1], encode(change.period));
    if (!change.known) {
        ++change.day.domains;
        change.put(keys[0], found[0], encode(change.day));
    }
    CO_TRY(co_await store_.commit(std::move(change.batch)));
    co_return Result<void>();
}

net::Task<void> Statistics::flush_often(net::World* world) {
    for (;;) {
        co_await world->sleep_until(world->after(flush_interval));
        const auto written = co_await flush();
        if (!written) log_.error("reports.not_written", {{"reason", written.error().text}});
    }
}

}  // namespace heliopost::reports
