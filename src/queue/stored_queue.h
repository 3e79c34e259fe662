// StoredQueue: the Queue on a Store. The index is in memory; rows change on condition that nobody else did
// meanwhile. Internal to queue/.
//
// Its members stand in stored_queue.cc (start, leases), outcomes.cc and administer.cc.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "queue/index.h"
#include "queue/queue.h"

namespace heliopost::queue {

inline constexpr std::size_t rescanned_max = 10'000;  // that rescan() found and added() may still name
inline constexpr int conflicts_max = 10;              // of one commit, with others that change the same rows

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

inline IndexRow row_of(const Recipient& recipient) {
    return {recipient.index, recipient.state, recipient.next_attempt};
}

// A row as it was read and as it will be.
struct Edit {
    std::string before;
    Recipient after;
};

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

class StoredQueue final : public Queue {
public:
    StoredQueue(store::Store& store, const Log& log, const QueueOptions& options)
        : store_(store),
          log_(log),
          room_entries_(options.room_entries),
          room_rows_(options.room_rows),
          room_account_rows_(options.room_account_rows),
          room_outside_rows_(options.room_outside_rows),
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
    void not_later_than(Time latest) override {
        shared_->change([this, latest] { shared_->index.not_later_than(latest); });
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
    bool has_room() const override {
        const Counts now = counts();
        return now.entries < room_entries_ && now.rows < room_rows_;
    }
    bool has_room_for(AccountId submitter, std::size_t recipients) const override {
        const std::size_t room = submitter.value == 0 ? room_outside_rows_ : room_account_rows_;
        const std::lock_guard lock(shared_->mutex);
        return shared_->index.rows_of(submitter) + recipients <= room;
    }

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
    net::Task<Result<Lease>> make_lease(Taken taken, std::unique_ptr<Lease::Hold> hold, Time now);
    net::Task<Result<void>> read_lease(Lease* lease, Taken taken);
    net::Task<void> record_left_over();
    void put_off(Unrecorded work, const Error& error);
    net::Task<Result<void>> record(Unrecorded* work);
    net::Task<Result<void>> commit_outcomes(Unrecorded* work, std::vector<Edit> edits);
    net::Task<Result<std::vector<Edit>>> read_again(const Unrecorded* work, bool* moved);
    net::Task<Result<void>> remove(QueueId id);
    net::Task<void> remove_if_finished(QueueId id);
    net::Task<Result<std::size_t>> edit(QueueId id, std::optional<std::uint32_t> recipient, EditRow change);
    net::Task<Result<std::size_t>> edit_once(QueueId id, std::optional<std::uint32_t> recipient,
                                             EditRow change);
    net::Task<Result<void>> commit_edits(QueueId id, std::vector<Edit> edits);

    store::Store& store_;
    const Log& log_;
    const std::size_t room_entries_;
    const std::size_t room_rows_;
    const std::size_t room_account_rows_;
    const std::size_t room_outside_rows_;
    IdSource ids_;
    std::shared_ptr<Shared> shared_;
    std::mutex unrecorded_mutex_;
    std::vector<Unrecorded> unrecorded_;
};

}  // namespace heliopost::queue
