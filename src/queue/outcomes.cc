// StoredQueue: what came of a lease is written, once and whatever comes between.
#include <algorithm>

#include "base/assert.h"
#include "base/planted.h"
#include "queue/records.h"
#include "queue/stored_queue.h"

namespace heliopost::queue {
namespace {

using Raw = std::optional<std::string>;

std::string cut(std::string text, std::size_t octets_max) {
    if (text.size() > octets_max) text.resize(octets_max);
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return text;
}

Recipient after_outcome(Recipient row, const Outcome& outcome) {
    // What an administrator did meanwhile stands, but for what happened.
    if (row.state == State::pending || is_final(outcome.state)) row.state = outcome.state;
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

// One by one where there are few: a range that is erased slows down what the store reads until its tables are
// next written, and every message that is relayed would leave one.
void erase_rows(store::Batch& batch, QueueId id, const std::vector<std::uint32_t>& recipients) {
    constexpr std::size_t erased_singly_max = 256;
    if (recipients.empty() || recipients.size() > erased_singly_max)
        return batch.erase_range(entry_key(id), end_key(id));
    batch.erase(entry_key(id));
    for (const std::uint32_t recipient : recipients) batch.erase(recipient_key(id, recipient));
}

}  // namespace

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
        if (committed.error().fault != Fault::conflict || attempt == conflicts_max) co_return committed;
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
        const Raw& value = values[i];
        if (!value) co_return fail(Fault::internal, "a leased recipient is gone");
        const Recipient row = CO_TRY(decode_recipient(outcome.index, *value));
        const auto leased = std::ranges::find(work->lease.recipients, outcome.index, &Recipient::index);
        *moved = *moved || encode(*leased) != *value;
        edits.push_back({*value, after_outcome(row, outcome)});
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
    std::vector<std::uint32_t> recipients;
    {
        const std::lock_guard lock(shared_->mutex);
        finished = shared_->index.all_final(entry->id, ended);
        if (finished) recipients = shared_->index.recipients(entry->id);
    }
    if (finished) {
        erase_rows(batch, entry->id, recipients);
        batch.release(entry->blob.id, entry->id.value);
    } else {
        for (const Edit& edit : edits)
            batch.put(recipient_key(entry->id, edit.after.index), encode(edit.after));
    }
    std::vector<store::Batch> batches = work->also.batches;
    batches.push_back(std::move(batch));

    work->lease.hold->in_doubt = true;
    if (planted("double delivery after a crash") && finished && batches.size() == 1) batches.clear();
    auto committed = co_await store_.commit(std::move(batches), work->also.blobs);
    work->lease.hold->in_doubt = false;
    if (!committed) co_return std::unexpected(std::move(committed).error());

    shared_->change([&] {
        std::vector<IndexRow> rows;
        for (const Edit& edit : edits) rows.push_back(row_of(edit.after));
        shared_->forget(entry->id);
        shared_->index.update(entry->id, rows);
        if (finished) shared_->index.erase(entry->id);
    });
    work->lease.hold.reset();
    for (Added& added_too : work->also.added) added(std::move(added_too));
    // Another lease of this entry ended while ours was being written: neither saw itself as the last.
    co_await remove_if_finished(entry->id);
    co_return Result<void>();
}

// For whoever gave the last lease of an entry back; what fails here load() does.
net::Task<void> StoredQueue::remove_if_finished(QueueId id) {
    {
        const std::lock_guard lock(shared_->mutex);
        if (!shared_->index.all_final(id)) co_return;
    }
    const auto removed = co_await remove(id);
    if (!removed) log_.warning("queue", {{"queue_id", to_text(id)}, {"problem", removed.error().text}});
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

}  // namespace heliopost::queue
