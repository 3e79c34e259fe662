// StoredQueue: what the administrator sees and does.
#include <algorithm>
#include <set>

#include "queue/records.h"
#include "queue/stored_queue.h"

namespace heliopost::queue {
namespace {

constexpr std::size_t slice_rows = 2'000;  // of a change, in one commit

}  // namespace

net::Task<Result<std::size_t>> StoredQueue::edit(QueueId id, std::optional<std::uint32_t> recipient,
                                                 EditRow change) {
    for (int attempt = 0; attempt < conflicts_max; ++attempt) {
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
    co_return co_await edit(id, recipient, [](Recipient& row, bool) {
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
    const std::lock_guard lock(shared_->mutex);
    for (const Recipient& recipient : shown.recipients)
        shown.leased.push_back(shared_->index.is_leased(id, recipient.index));
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

}  // namespace heliopost::queue
