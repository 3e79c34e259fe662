// The Queue on a Store: the index in memory, rows changed on condition that nobody else did meanwhile.
#include <algorithm>
#include <deque>
#include <mutex>
#include <set>

#include "base/assert.h"
#include "queue/index.h"
#include "queue/queue.h"
#include "queue/records.h"

namespace heliopost::queue {
namespace {

constexpr std::size_t page_rows = 1'000;
constexpr std::size_t slice_rows = 2'000;      // of an administrator's change, in one commit
constexpr int attempts_max = 10;               // of one change, against others of the same rows
constexpr std::size_t rescanned_max = 10'000;  // entries that rescan() found and added() may still name

using Raw = std::optional<std::string>;

// What leases and the queue share; a lease may end after the queue.
struct Shared {
    explicit Shared(Index::DestinationOf destination_of) : index(std::move(destination_of)) {}

    mutable std::mutex mutex;
    Index index;
    std::map<QueueId, Added> cache;
    std::size_t cache_octets = 0;
    std::deque<QueueId> rescanned;
    std::function<void()> on_due;

    static std::size_t octets_of(const Added& added) {
        return added.entry->prefix.size() + 512 + added.recipients->size() * 512;
    }
    void remember(const Added& added) {
        const std::size_t octets = octets_of(added);
        if (cache_octets + octets > cache_octets_max) return;
        if (cache.emplace(added.entry->id, added).second) cache_octets += octets;
    }
    void forget(QueueId id) {
        const auto at = cache.find(id);
        if (at == cache.end()) return;
        cache_octets -= octets_of(at->second);
        cache.erase(at);
    }
    // Changes the index under the lock, then tells who waits if something is due earlier.
    template <class Change>
    void change(Change apply) {
        std::function<void()> tell;
        {
            const std::lock_guard lock(mutex);
            const std::optional<Time> before = index.next_due();
            apply();
            const std::optional<Time> now = index.next_due();
            if (now && (!before || *now < *before)) tell = on_due;
        }
        if (tell) tell();
    }
};

IndexRow row_of(const Recipient& recipient) {
    return {recipient.index, recipient.state, recipient.next_attempt};
}

// A row as it was read and as it will be.
struct Edit {
    std::string before;
    Recipient after;
};

std::string cut(std::string text, std::size_t octets_max) {
    if (text.size() > octets_max) text.resize(octets_max);
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return text;
}

Recipient after_outcome(Recipient row, const Outcome& outcome) {
    const bool held = row.state == State::held && !is_final(outcome.state);
    row.state = held ? State::held : outcome.state;
    row.next_attempt = outcome.next_attempt.value_or(outcome.at);
    row.delay_warned = row.delay_warned || outcome.delay_warned;
    if (!outcome.attempted) return row;
    ++row.attempts;
    row.last_attempt = outcome.at;
    if (outcome.state != State::delivered && !row.first_failure) row.first_failure = outcome.at;
    row.last_reply = outcome.reply;
    row.last_reply.text = cut(std::move(row.last_reply.text), reply_text_octets_max);
    row.last_reply.remote_host = cut(std::move(row.last_reply.remote_host), remote_host_octets_max);
    return row;
}

}  // namespace

struct Lease::Hold {
    std::shared_ptr<Shared> shared;
    QueueId id;
    std::vector<std::uint32_t> recipients;
    bool in_doubt = false;  // a commit is under way: nobody may have them again before the next start

    ~Hold() {
        if (in_doubt) return;
        shared->change([this] { shared->index.give_back(id, recipients); });
    }
};

Lease::Lease() = default;
Lease::~Lease() = default;
Lease::Lease(Lease&&) noexcept = default;
Lease& Lease::operator=(Lease&&) noexcept = default;

namespace {

class StoredQueue final : public Queue {
public:
    StoredQueue(store::Store& store, const Log& log, const QueueOptions& options)
        : store_(store),
          log_(log),
          shared_(std::make_shared<Shared>([of = options.destination_of](const Recipient& recipient) {
              return of ? of(recipient.domain) : recipient.domain;
          })) {}

    net::Task<Result<void>> load() override;
    QueueId next_id(net::World& world) override { return ids_.next(world.now(), world.random_number()); }
    void added(Added entry) override;
    net::Task<Result<std::size_t>> rescan(QueueId above) override;

    net::Task<Result<std::vector<Lease>>> due(DueQuery query) override;
    std::optional<Time> next_due() const override {
        const std::lock_guard lock(shared_->mutex);
        return shared_->index.next_due();
    }
    void on_due(std::function<void()> changed) override {
        const std::lock_guard lock(shared_->mutex);
        shared_->on_due = std::move(changed);
    }
    net::Task<Result<void>> complete(Lease lease, std::vector<Outcome> outcomes, Also also) override;

    net::Task<Result<std::size_t>> hold(QueueId id, std::optional<std::uint32_t> recipient) override;
    net::Task<Result<std::size_t>> release(QueueId id, std::optional<std::uint32_t> recipient,
                                           Time now) override;
    net::Task<Result<std::size_t>> retry_now(QueueId id, std::optional<std::uint32_t> recipient,
                                             Time now) override;
    net::Task<Result<std::size_t>> drop(QueueId id, std::optional<std::uint32_t> recipient) override;
    net::Task<Result<std::vector<Shown>>> list(Filter filter) override;
    net::Task<Result<Shown>> show(QueueId id) override;

    Counts counts() const override {
        const std::lock_guard lock(shared_->mutex);
        return shared_->index.counts();
    }
    bool has_room() const override { return counts().entries < entries_max; }

private:
    // Changes a row, or says false to leave it as it is.
    using EditRow = std::function<bool(Recipient& row, bool leased)>;
    struct Unrecorded {
        Lease lease;
        std::vector<Outcome> outcomes;
        Also also;
    };

    net::Task<Result<std::vector<QueueId>>> read_entries(QueueId above, bool found_late);
    void take_up(const std::optional<Entry>& entry, const std::vector<Recipient>& recipients, bool found_late,
                 std::vector<QueueId>* finished);
    net::Task<Result<Lease>> make_lease(Taken taken, std::unique_ptr<Lease::Hold> hold);
    net::Task<Result<void>> read_lease(Lease* lease, Taken taken);
    net::Task<void> record_left_over();
    void put_off(Unrecorded work, const Error& error);
    net::Task<Result<void>> record(Unrecorded* work);
    net::Task<Result<void>> commit_outcomes(Unrecorded* work, std::vector<Edit> edits);
    net::Task<Result<std::vector<Edit>>> read_again(const Unrecorded* work, bool* moved);
    net::Task<Result<void>> remove(QueueId id);
    net::Task<Result<std::size_t>> edit(QueueId id, std::optional<std::uint32_t> recipient, EditRow change);
    net::Task<Result<std::size_t>> edit_once(QueueId id, std::optional<std::uint32_t> recipient,
                                             EditRow change);
    net::Task<Result<void>> commit_edits(QueueId id, std::vector<Edit> edits);

    store::Store& store_;
    const Log& log_;
    IdSource ids_;
    std::shared_ptr<Shared> shared_;
    std::mutex unrecorded_mutex_;
    std::vector<Unrecorded> unrecorded_;
};

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
        shared_->index.add(entry.entry->id, *entry.recipients);
    });
}

void StoredQueue::take_up(const std::optional<Entry>& entry, const std::vector<Recipient>& recipients,
                          bool found_late, std::vector<QueueId>* finished) {
    if (!entry || recipients.empty()) return;
    shared_->change([&] {
        if (shared_->index.contains(entry->id)) return;
        if (found_late) {
            if (shared_->rescanned.size() == rescanned_max) shared_->rescanned.pop_front();
            shared_->rescanned.push_back(entry->id);
        }
        shared_->index.add(entry->id, recipients);
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
            } else if (key && entry && key->id == entry->id) {
                if (auto decoded = decode_recipient(*key->recipient, value))
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
        auto lease = co_await make_lease(std::move(one), std::move(hold));
        if (!lease) co_return std::unexpected(std::move(lease).error());
        if (!lease->recipients.empty()) leases.push_back(std::move(*lease));
    }
    co_return leases;
}

net::Task<Result<Lease>> StoredQueue::make_lease(Taken taken, std::unique_ptr<Lease::Hold> hold) {
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
    CO_TRY(co_await read_lease(&lease, std::move(taken)));
    co_return lease;
}

// Reads the entry and its leased rows; what is not there, or not pending any more, leaves the index.
net::Task<Result<void>> StoredQueue::read_lease(Lease* lease, Taken taken) {
    std::vector<std::string> keys{entry_key(taken.id)};
    for (const std::uint32_t index : taken.recipients) keys.push_back(recipient_key(taken.id, index));
    auto read = co_await store_.multi_get(store::queue_partition, std::move(keys));
    const std::vector<Raw> values = CO_TRY(std::move(read));
    ASSERT(values.size() == taken.recipients.size() + 1);
    auto entry = values[0] ? decode_entry(taken.id, *values[0]) : fail(Fault::not_found, "the entry is gone");
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

net::Task<Result<void>> StoredQueue::complete(Lease lease, std::vector<Outcome> outcomes, Also also) {
    ASSERT(lease.hold != nullptr);
    Unrecorded work{std::move(lease), std::move(outcomes), std::move(also)};
    auto recorded = co_await record(&work);
    if (!recorded) put_off(std::move(work), recorded.error());
    co_return recorded;
}

// Outcomes whose commit failed: they happened, so they are written before anything else is tried.
net::Task<void> StoredQueue::record_left_over() {
    std::vector<Unrecorded> left;
    {
        const std::lock_guard lock(unrecorded_mutex_);
        left.swap(unrecorded_);
    }
    for (Unrecorded& work : left) {
        const auto recorded = co_await record(&work);
        if (!recorded) put_off(std::move(work), recorded.error());
    }
}

// What was tried but could not be written is never given back: it would be sent again.
void StoredQueue::put_off(Unrecorded work, const Error& error) {
    log_.error("queue", {{"queue_id", to_text(work.lease.entry->id)}, {"problem", error.text}});
    if (error.fault != Fault::temporary) {
        work.lease.hold->in_doubt = true;
        return;
    }
    const std::lock_guard lock(unrecorded_mutex_);
    unrecorded_.push_back(std::move(work));
}

net::Task<Result<void>> StoredQueue::record(Unrecorded* work) {
    std::vector<Edit> edits;
    for (const Outcome& outcome : work->outcomes) {
        const auto row = std::ranges::find(work->lease.recipients, outcome.index, &Recipient::index);
        ASSERT(row != work->lease.recipients.end());  // an outcome of the lease's own
        edits.push_back({encode(*row), after_outcome(*row, outcome)});
    }
    for (int attempt = 0;; ++attempt) {
        auto committed = co_await commit_outcomes(work, edits);
        if (committed) co_return committed;
        if (committed.error().fault != Fault::conflict || attempt == attempts_max) co_return committed;
        bool moved = false;
        edits = CO_TRY(co_await read_again(work, &moved));
        if (!moved) co_return committed;  // the conflict is in `also`
    }
}

// The rows as an administrator left them, with the outcomes on top.
net::Task<Result<std::vector<Edit>>> StoredQueue::read_again(const Unrecorded* work, bool* moved) {
    const QueueId id = work->lease.entry->id;
    std::vector<std::string> keys;
    for (const Outcome& outcome : work->outcomes) keys.push_back(recipient_key(id, outcome.index));
    auto read = co_await store_.multi_get(store::queue_partition, std::move(keys));
    const std::vector<Raw> values = CO_TRY(std::move(read));
    std::vector<Edit> edits;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Outcome& outcome = work->outcomes[i];
        if (!values[i]) co_return fail(Fault::internal, "a leased recipient is gone");
        const Recipient row = CO_TRY(decode_recipient(outcome.index, *values[i]));
        const auto leased = std::ranges::find(work->lease.recipients, outcome.index, &Recipient::index);
        *moved = *moved || encode(*leased) != *values[i];
        edits.push_back({*values[i], after_outcome(row, outcome)});
    }
    co_return edits;
}

net::Task<Result<void>> StoredQueue::commit_outcomes(Unrecorded* work, std::vector<Edit> edits) {
    const std::shared_ptr<const Entry> entry = work->lease.entry;
    std::vector<std::uint32_t> ended;
    store::Batch batch(store::queue_partition);
    for (const Edit& edit : edits) {
        batch.assert_equal(recipient_key(entry->id, edit.after.index), edit.before);
        if (is_final(edit.after.state)) ended.push_back(edit.after.index);
    }
    bool finished = false;
    {
        const std::lock_guard lock(shared_->mutex);
        finished = shared_->index.all_final(entry->id, ended);
    }
    if (finished) {
        batch.erase_range(entry_key(entry->id), end_key(entry->id));
        batch.release(entry->blob.id, entry->id.value);
    } else {
        for (const Edit& edit : edits)
            batch.put(recipient_key(entry->id, edit.after.index), encode(edit.after));
    }
    std::vector<store::Batch> batches = work->also.batches;
    batches.push_back(std::move(batch));

    work->lease.hold->in_doubt = true;
    auto committed = co_await store_.commit(std::move(batches), work->also.blobs);
    work->lease.hold->in_doubt = false;
    if (!committed) co_return std::unexpected(std::move(committed).error());

    bool all_final = false;
    shared_->change([&] {
        std::vector<IndexRow> rows;
        for (const Edit& edit : edits) rows.push_back(row_of(edit.after));
        shared_->forget(entry->id);
        shared_->index.update(entry->id, rows);
        if (finished) shared_->index.erase(entry->id);
        all_final = shared_->index.all_final(entry->id);
    });
    work->lease.hold.reset();
    for (Added& added_too : work->also.added) added(std::move(added_too));
    // Another lease of this entry ended while ours was being written: neither saw itself as the last.
    if (!all_final) co_return Result<void>();
    const auto removed = co_await remove(entry->id);  // else load() removes it
    if (!removed)
        log_.warning("queue", {{"queue_id", to_text(entry->id)}, {"problem", removed.error().text}});
    co_return Result<void>();
}

// Removes an entry whose recipients are all final. Whoever comes second finds nothing to do.
net::Task<Result<void>> StoredQueue::remove(QueueId id) {
    auto read = co_await store_.get(store::queue_partition, entry_key(id));
    const Raw row = CO_TRY(std::move(read));
    if (row) {
        const Entry entry = CO_TRY(decode_entry(id, *row));
        store::Batch batch(store::queue_partition);
        batch.assert_equal(entry_key(id), row);
        batch.erase_range(entry_key(id), end_key(id));
        batch.release(entry.blob.id, id.value);
        const auto committed = co_await store_.commit(std::move(batch));
        if (!committed && committed.error().fault != Fault::conflict)
            co_return std::unexpected(committed.error());
    }
    const std::lock_guard lock(shared_->mutex);
    shared_->forget(id);
    shared_->index.erase(id);
    co_return Result<void>();
}

net::Task<Result<std::size_t>> StoredQueue::edit(QueueId id, std::optional<std::uint32_t> recipient,
                                                 EditRow change) {
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        auto edited = co_await edit_once(id, recipient, change);
        if (edited || edited.error().fault != Fault::conflict) co_return edited;
    }
    co_return fail(Fault::temporary, "the message is being worked on");
}

net::Task<Result<std::size_t>> StoredQueue::edit_once(QueueId id, std::optional<std::uint32_t> recipient,
                                                      EditRow change) {
    const Shown shown = CO_TRY(co_await show(id));
    std::vector<Edit> edits;
    std::size_t changed = 0;
    bool named = false;
    for (const Recipient& row : shown.recipients) {
        if (recipient && *recipient != row.index) continue;
        named = true;
        bool leased = false;
        {
            const std::lock_guard lock(shared_->mutex);
            leased = shared_->index.is_leased(id, row.index);
        }
        Recipient after = row;
        if (is_final(row.state) || !change(after, leased)) continue;
        edits.push_back({encode(row), std::move(after)});
        ++changed;
        if (edits.size() == slice_rows) CO_TRY(co_await commit_edits(id, std::exchange(edits, {})));
    }
    if (!named) co_return fail(Fault::not_found, "no such recipient");
    if (!edits.empty()) CO_TRY(co_await commit_edits(id, std::move(edits)));
    bool finished = false;
    {
        const std::lock_guard lock(shared_->mutex);
        finished = shared_->index.all_final(id);
    }
    if (finished) CO_TRY(co_await remove(id));
    co_return changed;
}

net::Task<Result<void>> StoredQueue::commit_edits(QueueId id, std::vector<Edit> edits) {
    store::Batch batch(store::queue_partition);
    for (const Edit& edit : edits) {
        batch.assert_equal(recipient_key(id, edit.after.index), edit.before);
        batch.put(recipient_key(id, edit.after.index), encode(edit.after));
    }
    CO_TRY(co_await store_.commit(std::move(batch)));
    shared_->change([&] {
        std::vector<IndexRow> rows;
        for (const Edit& edit : edits) rows.push_back(row_of(edit.after));
        shared_->forget(id);
        shared_->index.update(id, rows);
    });
    co_return Result<void>();
}

net::Task<Result<std::size_t>> StoredQueue::hold(QueueId id, std::optional<std::uint32_t> recipient) {
    co_return co_await edit(id, recipient, [](Recipient& row, bool) {
        return std::exchange(row.state, State::held) != State::held;
    });
}

net::Task<Result<std::size_t>> StoredQueue::release(QueueId id, std::optional<std::uint32_t> recipient,
                                                    Time now) {
    co_return co_await edit(id, recipient, [now](Recipient& row, bool) {
        if (row.state != State::held) return false;
        row.state = State::pending;
        row.next_attempt = now;
        return true;
    });
}

net::Task<Result<std::size_t>> StoredQueue::retry_now(QueueId id, std::optional<std::uint32_t> recipient,
                                                      Time now) {
    co_return co_await edit(id, recipient, [now](Recipient& row, bool leased) {
        if (row.state != State::pending || leased) return false;
        row.next_attempt = now;
        return true;
    });
}

net::Task<Result<std::size_t>> StoredQueue::drop(QueueId id, std::optional<std::uint32_t> recipient) {
    co_return co_await edit(id, recipient, [](Recipient& row, bool leased) {
        if (leased) return false;
        row.state = State::dropped;
        return true;
    });
}

net::Task<Result<Shown>> StoredQueue::show(QueueId id) {
    auto read = co_await store_.scan(store::queue_partition, entry_key(id), end_key(id), recipients_max + 1,
                                     store::Direction::forward);
    const std::vector<store::KeyValue> rows = CO_TRY(std::move(read));
    if (rows.empty()) co_return fail(Fault::not_found, "no such message in the queue");
    Shown shown;
    for (const auto& [octets, value] : rows) {
        const Key key = CO_TRY(parse_key(octets));
        if (key.recipient)
            shown.recipients.push_back(CO_TRY(decode_recipient(*key.recipient, value)));
        else
            shown.entry = std::make_shared<const Entry>(CO_TRY(decode_entry(id, value)));
    }
    if (!shown.entry) co_return fail(Fault::internal, "damaged queue record: no entry");
    co_return shown;
}

net::Task<Result<std::vector<Shown>>> StoredQueue::list(Filter filter) {
    const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, list_max);
    std::vector<Shown> all;
    for (;;) {
        std::vector<QueueId> ids;
        std::set<QueueId> wanted;
        {
            const std::lock_guard lock(shared_->mutex);
            ids = shared_->index.ids_above(filter.after, list_max);
            for (const QueueId id : ids)
                if (!filter.state || shared_->index.any_in(id, *filter.state)) wanted.insert(id);
        }
        if (ids.empty()) co_return all;
        for (const QueueId id : wanted) {
            auto shown = co_await show(id);
            if (!shown) continue;  // it went meanwhile
            const auto matches = [&filter](const Recipient& row) {
                return (!filter.state || row.state == *filter.state) &&
                       (filter.domain.empty() || row.domain == filter.domain);
            };
            if (!std::ranges::any_of(shown->recipients, matches)) continue;
            all.push_back(std::move(*shown));
            if (all.size() == limit) co_return all;
        }
        filter.after = ids.back();
    }
}

}  // namespace

std::unique_ptr<Queue> make_queue(store::Store& store, const Log& log, QueueOptions options) {
    return std::make_unique<StoredQueue>(store, log, options);
}

}  // namespace heliopost::queue
