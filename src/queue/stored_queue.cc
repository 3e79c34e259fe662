#include "queue/stored_queue.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/assert.h"
#include "base/planted.h"
#include "queue/records.h"

namespace heliopost::queue {
namespace {

constexpr std::size_t page_rows = 1'000;

using Raw = std::optional<std::string>;

}  // namespace

Lease::Lease() = default;
Lease::~Lease() = default;
Lease::Lease(Lease&&) noexcept = default;
Lease& Lease::operator=(Lease&&) noexcept = default;

Lease Lease::split(const std::vector<std::uint32_t>& indices) {
    ASSERT(hold != nullptr);
    const std::set<std::uint32_t> chosen(indices.begin(), indices.end());
    Lease other;
    other.entry = entry;
    other.destination = destination;
    other.hold = std::make_unique<Hold>(hold->shared, hold->id);
    std::vector<Recipient> kept;
    for (Recipient& one : recipients)
        (chosen.contains(one.index) ? other.recipients : kept).push_back(std::move(one));
    recipients = std::move(kept);
    ASSERT(!recipients.empty() && other.recipients.size() == chosen.size());
    other.hold->recipients.assign(chosen.begin(), chosen.end());
    std::erase_if(hold->recipients, [&](std::uint32_t index) { return chosen.contains(index); });
    return other;
}

void Lease::join(Lease other) {
    ASSERT(hold != nullptr && other.hold != nullptr && hold->id == other.hold->id);
    std::ranges::move(other.recipients, std::back_inserter(recipients));
    std::ranges::copy(other.hold->recipients, std::back_inserter(hold->recipients));
    other.hold->recipients.clear();
}

net::Task<Result<void>> StoredQueue::load() {
    const std::vector<QueueId> finished = CO_TRY(co_await read_entries(QueueId(0), false));
    // Two leases of one entry ended together, and the end came before its last commit.
    for (const QueueId id : finished) CO_TRY(co_await remove(id));
    co_return Result<void>();
}

net::Task<Result<std::size_t>> StoredQueue::rescan(QueueId above) {
    const std::size_t before = counts().entries;
    CO_TRY(co_await read_entries(above, true));
    const std::size_t now = counts().entries;
    co_return now > before ? now - before : 0;
}

void StoredQueue::added(Added entry) {
    shared_->change([&] {
        // rescan() was faster; the entry may be gone by now, and must not come back.
        if (std::erase(shared_->rescanned, entry.entry->id) > 0) return;
        shared_->remember(entry);
        shared_->index.add(entry.entry->id, *entry.recipients, entry.entry->identity);
    });
}

void StoredQueue::take_up(const std::optional<Entry>& entry, const std::vector<Recipient>& recipients,
                          bool found_late, std::vector<QueueId>* finished) {
    if (!entry || recipients.empty()) return;
    if (planted("retry forgotten after a restart") && recipients.front().attempts > 0) return;
    shared_->change([&] {
        if (shared_->index.contains(entry->id)) return;
        if (found_late) {
            if (shared_->rescanned.size() == rescanned_max) shared_->rescanned.pop_front();
            shared_->rescanned.push_back(entry->id);
        }
        shared_->index.add(entry->id, recipients, entry->identity);
        if (recipients.size() == entry->recipient_count && shared_->index.all_final(entry->id))
            finished->push_back(entry->id);
    });
}

// Takes every entry above an id into the index. Gives those whose recipients are all final.
net::Task<Result<std::vector<QueueId>>> StoredQueue::read_entries(QueueId above, bool found_late) {
    std::vector<QueueId> finished;
    std::optional<Entry> entry;
    std::vector<Recipient> recipients;
    std::string low = above.value == 0 ? entry_key(above) : end_key(above);
    for (;;) {
        auto read = co_await store_.scan(store::queue_partition, low, last_key(), page_rows,
                                         store::Direction::forward);
        const std::vector<store::KeyValue> rows = CO_TRY(std::move(read));
        for (const auto& [octets, value] : rows) {
            const auto key = parse_key(octets);
            if (key && !key->recipient) {
                take_up(entry, recipients, found_late, &finished);
                entry.reset();
                recipients.clear();
                if (auto decoded = decode_entry(key->id, value))
                    entry = std::move(*decoded);
                else
                    log_.error("queue", {{"queue_id", to_text(key->id)}, {"problem", decoded.error().text}});
            } else if (const auto recipient = key ? key->recipient : std::nullopt;
                       recipient && entry && key->id == entry->id) {
                if (auto decoded = decode_recipient(*recipient, value))
                    recipients.push_back(std::move(*decoded));
                else
                    log_.error("queue", {{"queue_id", to_text(key->id)}, {"problem", decoded.error().text}});
            } else {
                log_.error("queue", {{"problem", "a row without its entry: run heliopost fsck"}});
            }
        }
        if (rows.size() < page_rows) break;
        low = rows.back().first + '\0';
    }
    take_up(entry, recipients, found_late, &finished);
    co_return finished;
}

net::Task<Result<std::vector<Lease>>> StoredQueue::due(DueQuery query) {
    co_await record_left_over();
    std::vector<std::pair<Taken, std::unique_ptr<Lease::Hold>>> taken;
    {
        const std::lock_guard lock(shared_->mutex);
        for (Taken& one : shared_->index.take(query)) {
            auto hold = std::make_unique<Lease::Hold>(shared_, one.id, one.recipients);
            taken.emplace_back(std::move(one), std::move(hold));
        }
    }
    std::vector<Lease> leases;
    for (auto& [one, hold] : taken) {
        const QueueId id = one.id;
        auto lease = co_await make_lease(std::move(one), std::move(hold), query.now);
        if (!lease) continue;
        if (!lease->recipients.empty()) {
            leases.push_back(std::move(*lease));
            continue;
        }
        lease->hold.reset();
        co_await remove_if_finished(id);  // it was dropped while it was leased
    }
    co_return leases;
}

// Fails where its rows cannot be read; that is logged, and they are put off.
net::Task<Result<Lease>> StoredQueue::make_lease(Taken taken, std::unique_ptr<Lease::Hold> hold, Time now) {
    Lease lease;
    lease.destination = taken.destination;
    lease.hold = std::move(hold);
    std::optional<Added> cached;
    {
        const std::lock_guard lock(shared_->mutex);
        const auto at = shared_->cache.find(taken.id);
        if (at != shared_->cache.end()) cached = at->second;
    }
    if (cached) {
        lease.entry = cached->entry;
        for (const std::uint32_t index : taken.recipients)
            lease.recipients.push_back((*cached->recipients)[index]);
        co_return lease;
    }
    const QueueId id = taken.id;
    const std::vector<std::uint32_t> recipients = taken.recipients;
    const Result<void> read = co_await read_lease(&lease, std::move(taken));
    if (read) co_return lease;
    // Others must not wait for it, and it may be the disk's mood: nothing is written.
    log_.error("queue", {{"queue_id", to_text(id)},
                         {"problem", read.error().text + ": if it stays so, run heliopost fsck"}});
    shared_->change([&] { shared_->index.put_off(id, recipients, now + unreadable_wait); });
    co_return std::unexpected(read.error());
}

// Reads the entry and its leased rows; what is not there, or not pending any more, leaves the index.
net::Task<Result<void>> StoredQueue::read_lease(Lease* lease, Taken taken) {
    std::vector<std::string> keys{entry_key(taken.id)};
    for (const std::uint32_t index : taken.recipients) keys.push_back(recipient_key(taken.id, index));
    auto read = co_await store_.multi_get(store::queue_partition, std::move(keys));
    const std::vector<Raw> values = CO_TRY(std::move(read));
    ASSERT(values.size() == taken.recipients.size() + 1);
    const Raw& head = values.front();
    auto entry = head ? decode_entry(taken.id, *head) : fail(Fault::not_found, "the entry is gone");
    std::vector<IndexRow> changed;
    if (entry) lease->entry = std::make_shared<const Entry>(std::move(*entry));
    for (std::size_t i = 0; i < taken.recipients.size(); ++i) {
        const std::uint32_t index = taken.recipients[i];
        const Raw& value = values[i + 1];
        auto row = value ? decode_recipient(index, *value) : fail(Fault::not_found, "the row is gone");
        if (lease->entry && row && row->state == State::pending) {
            lease->recipients.push_back(std::move(*row));
            continue;
        }
        // Unreadable ones wait as if held, for fsck.
        changed.push_back(row ? row_of(*row) : IndexRow{index, State::held, {}});
        if (!row) log_.error("queue", {{"queue_id", to_text(taken.id)}, {"problem", row.error().text}});
    }
    shared_->change([&] {
        if (!values[0])
            shared_->index.erase(taken.id);
        else
            shared_->index.update(taken.id, changed);
    });
    co_return Result<void>();
}

std::unique_ptr<Queue> make_queue(store::Store& store, const Log& log, QueueOptions options) {
    return std::make_unique<StoredQueue>(store, log, options);
}

}  // namespace heliopost::queue
