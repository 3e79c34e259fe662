// Rewrites a mailbox's chunks: the operation log goes into them, and is dropped.
//
// Every chunk says as of which mod-sequence it is true, so a large rewrite may take several commits, last
// chunk first: a crash between them leaves chunks that are ahead of their neighbours, and the log whole.
// A row belongs to the chunk that owns its UID (view_builder.h), so what an older chunk still holds of a
// newer one's rows does not count. Only the last commit raises the base and drops the log.
#include <algorithm>
#include <span>

#include "base/planted.h"
#include "mailbox/base_record.h"
#include "mailbox/broken_record.h"
#include "mailbox/core.h"
#include "mailbox/keys.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/rows_record.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;

constexpr std::uint64_t operation_octets_max = 4'000'000;
constexpr std::size_t pruned_max = 1'000;        // expunged rows a rewrite
constexpr std::chrono::days expunged_kept{365};  // architecture.md §5

class Rewriting {
public:
    Rewriting(Core* core, MailboxId mailbox, LoadedPtr loaded)
        : core_(core), mailbox_(mailbox), before_(std::move(loaded)), batch_(core->partition()) {}

    net::Task<Result<void>> run() {
        after_ = std::make_shared<LoadedView>(*before_);
        as_of_ = before_->view->status().highest_mod_sequence;
        find_old_keys();
        const auto& chunks = before_->view->chunks();
        for (std::size_t i = chunks.size(); i > 0; --i) {
            put_chunk(chunks[i - 1], is_stored(chunks[i - 1]));
            if (batch_.octets() >= core_->options.rewrite_octets_max) CO_TRY(co_await commit());
        }
        for (const Uid first : old_keys_) batch_.erase(key::chunk(mailbox_, first));  // below the first chunk
        CO_TRY(co_await raise_base());
        CO_TRY(co_await commit());
        remember();
        co_return Result<void>();
    }

private:
    void find_old_keys() {
        for (const auto& stored : before_->stored) old_keys_.push_back(stored.first);  // ascending
    }

    bool is_stored(const std::shared_ptr<const Chunk>& chunk) const {
        const auto found = std::ranges::lower_bound(before_->stored, chunk->rows.front().uid, {},
                                                    &LoadedView::Stored::first);
        return found != before_->stored.end() && found->first == chunk->rows.front().uid &&
               found->chunk.lock() == chunk;
    }

    // With it go the old keys that stand in the UIDs it owns.
    void put_chunk(const std::shared_ptr<const Chunk>& chunk, bool stored) {
        const Uid first = chunk->rows.front().uid;
        for (; !old_keys_.empty() && old_keys_.back() >= first; old_keys_.pop_back())
            if (old_keys_.back() != first) batch_.erase(key::chunk(mailbox_, old_keys_.back()));
        if (stored) {
            stored_.push_back({first, chunk});
        } else {
            if (planted("row lost in a rewrite") && chunk->rows.size() > 3)
                put_rows(std::span(chunk->rows).first(chunk->rows.size() - 1), {});
            else
                put_rows(chunk->rows, chunk);
        }
    }

    // In two where one value would be too large: rows of extreme numbers.
    void put_rows(std::span<const Row> rows, const std::weak_ptr<const Chunk>& same) {
        std::string octets = encode_chunk(rows, as_of_);
        if (octets.size() <= store::value_octets_max) {
            batch_.put(key::chunk(mailbox_, rows.front().uid), std::move(octets));
            stored_.push_back({rows.front().uid, same});
            return;
        }
        put_rows(rows.subspan(rows.size() / 2), {});
        put_rows(rows.first(rows.size() / 2), {});
    }

    net::Task<Result<void>> raise_base() {
        Base base = CO_TRY(decode_base(before_->base));
        base.mod_sequence = as_of_;
        base.uid_next = before_->view->status().uid_next;
        base.keywords = before_->view->keywords();
        CO_TRY(co_await prune_expunged(&base));
        std::string encoded = encode_base(base);
        batch_.put(key::of(Kind::base, mailbox_), encoded);
        after_->base = std::move(encoded);
        batch_.erase_range(key::of(Kind::operation, mailbox_),
                           key::at(Kind::operation, mailbox_, ModSequence(as_of_.value + 1)));
        co_return Result<void>();
    }

    net::Task<Result<void>> prune_expunged(Base* base) {
        const std::string low = key::of(Kind::expunged, mailbox_);
        const auto rows = CO_TRY(co_await core_->store.scan(core_->partition(), low, store::after_prefix(low),
                                                            pruned_max, store::Direction::forward));
        const std::int64_t oldest = unix_milliseconds(core_->home.now() - expunged_kept);
        for (const auto& [key, value] : rows) {
            record::Expunged expunged;
            if (!expunged.ParseFromString(value)) co_return broken_record("expunges");
            if (expunged.at() >= oldest) break;
            store::TupleReader parts(std::string_view(key).substr(low.size()));
            base->expunged_floor = ModSequence(CO_TRY(parts.u64()));
            batch_.erase(key);
        }
        co_return Result<void>();
    }

    net::Task<Result<void>> commit() {
        batch_.assert_equal(key::of(Kind::base, mailbox_), before_->base);
        store::Batch batch = std::exchange(batch_, store::Batch(core_->partition()));
        CO_TRY(co_await core_->store.commit(std::move(batch)));
        co_return Result<void>();
    }

    void remember() {
        std::ranges::reverse(stored_);
        after_->stored = std::move(stored_);
        after_->base_mod_sequence = as_of_;
        after_->operations = after_->operation_octets = after_->rows_touched = 0;
        core_->cache.put(core_->id, mailbox_, after_);
    }

    Core* core_;
    MailboxId mailbox_;
    LoadedPtr before_;
    std::shared_ptr<LoadedView> after_;
    ModSequence as_of_;
    store::Batch batch_;
    std::vector<Uid> old_keys_;
    std::vector<LoadedView::Stored> stored_;  // what is there afterwards, last chunk first
};

}  // namespace

bool is_due(const Core& core, const LoadedView& loaded) {
    // Replaying must not cost many times what reading the chunks does.
    const std::uint64_t rows_touched_max = 100'000 + 4 * loaded.view->size();
    return loaded.operations > core.options.log_operations_max ||
           loaded.operation_octets > operation_octets_max || loaded.rows_touched > rows_touched_max;
}

net::Task<Result<void>> rewrite(Core* core, MailboxId mailbox) {
    const LoadedPtr loaded = CO_TRY(co_await newest_view(core, mailbox));
    if (!is_due(*core, *loaded)) co_return Result<void>();
    Rewriting rewriting(core, mailbox, loaded);
    const Result<void> done = co_await rewriting.run();
    if (!done) core->cache.erase(core->id, mailbox);  // it no longer knows which chunks are stored
    co_return done;
}

}  // namespace heliopost::mailbox
