#include "store/memory_store.h"

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <variant>

#include "base/planted.h"
#include "crypto/sha256.h"
#include "store/blobs.h"
#include "store/bus.h"
#include "store/chunk.h"
#include "store/completion.h"
#include "store/evaluate.h"
#include "store/keys.h"

namespace heliopost::store {

struct MemoryDisk::Contents {
    mutable std::mutex mutex;
    std::map<std::string, std::string> rows;
    std::map<std::string, std::string> chunks;
    std::uint64_t commits = 0;
    std::uint64_t blob_ids = 0;
    std::atomic<bool> full = false;
    std::atomic<bool> failing = false;
    std::atomic<std::chrono::microseconds::rep> slow = 0;
    std::atomic<MemoryDisk::Broken> broken = MemoryDisk::Broken::none;
};

namespace {

using Contents = MemoryDisk::Contents;

// The disk as a commit sees it; the disk's mutex is held.
class DiskTarget final : public CommitTarget {
public:
    explicit DiskTarget(Contents& disk) : disk_(disk) {}

    std::optional<std::string> get(std::string_view key) override {
        const auto found = disk_.rows.find(std::string(key));
        return found == disk_.rows.end() ? std::nullopt : std::optional(found->second);
    }
    bool any(std::string_view low, std::string_view high) override {
        const auto found = disk_.rows.lower_bound(std::string(low));
        return found != disk_.rows.end() && found->first < high;
    }
    std::uint64_t counter(std::string_view key) override { return read_u64(get(key).value_or("")); }
    void set_counter(std::string_view key, std::uint64_t value) override { put(key, to_u64(value)); }
    void put(std::string_view key, std::string_view value) override {
        disk_.rows[std::string(key)] = std::string(value);
    }
    void erase(std::string_view key) override { disk_.rows.erase(std::string(key)); }
    void erase_range(PartitionId, std::string_view low, std::string_view high) override {
        disk_.rows.erase(disk_.rows.lower_bound(std::string(low)), disk_.rows.lower_bound(std::string(high)));
    }
    void put_chunk(std::string_view key, std::string_view octets) override {
        disk_.chunks[std::string(key)] = std::string(octets);
    }
    void erase_chunks(BlobId blob) override {
        const std::string low(blob.view());
        disk_.chunks.erase(disk_.chunks.lower_bound(low),
                           disk_.chunks.upper_bound(low + std::string(4, '\xff')));
    }

private:
    Contents& disk_;
};

// What a caller waits for; nothing where the store crashed under it.
template <class T>
using Outcome = std::optional<Result<T>>;

template <class Work, class T>
struct Waiting {
    Work work;
    Completion<Outcome<T>> done;
};
using AnyWaiting =
    std::variant<Waiting<CommitWork, Committed>, Waiting<ChunkWork, void>, Waiting<SweepWork, size_t>>;

template <class T>
Result<T> or_stopped(Outcome<T> outcome) {
    if (!outcome) throw net::Stopped();
    return std::move(*outcome);
}

}  // namespace

struct MemoryStore::State : std::enable_shared_from_this<State> {
    State(net::World& w, std::shared_ptr<Contents> d, Options o) : world(w), disk(std::move(d)), options(o) {}

    template <class Work, class T>
    void submit(Work work, Completion<Outcome<T>> done) {
        const std::lock_guard lock(mutex);
        if (crashed) return done(std::nullopt);
        if constexpr (std::is_same_v<Work, CommitWork>) {
            if (planted("early acknowledgement")) {
                if (!unsynced) unsynced = disk->rows;
                done(apply(work));
                done = [](Outcome<T>) {};
                work = {};
            }
        }
        waiting.push_back(Waiting<Work, T>{std::move(work), std::move(done)});
        if (std::exchange(sync_scheduled, true)) return;
        world.post([weak = weak_from_this()] {
            if (const auto state = weak.lock()) state->start_sync();
        });
    }

    // On the world's loop.
    void start_sync() {
        size_t count = 0;
        {
            const std::lock_guard lock(mutex);
            count = waiting.size();
        }
        const auto delay = options.sync_delay + std::chrono::microseconds(disk->slow);
        if (delay.count() == 0) return sync(count);
        world.call_at(world.after(delay), [weak = weak_from_this(), count] {
            if (const auto state = weak.lock()) state->sync(count);
        });
    }

    // The count oldest are on disk now.
    void sync(size_t count) {
        const auto broken = disk->broken.exchange(MemoryDisk::Broken::none);
        if (broken != MemoryDisk::Broken::none) return die(count, broken);
        for (; count > 0; --count) {
            const std::lock_guard lock(mutex);
            if (crashed) return;
            AnyWaiting next = std::move(waiting.front());
            waiting.pop_front();
            std::visit([this](auto& one) { one.done(apply(one.work)); }, next);
        }
        unsynced.reset();
        const std::lock_guard lock(mutex);
        sync_scheduled = !waiting.empty();
        if (sync_scheduled) {
            world.post([weak = weak_from_this()] {
                if (const auto state = weak.lock()) state->start_sync();
            });
        }
    }

    void die(size_t count, MemoryDisk::Broken how) {
        {
            const std::lock_guard lock(mutex);
            if (crashed) return;
            crashed = true;
            for (size_t i = 0; how == MemoryDisk::Broken::written && i < count; ++i)
                std::visit([this](auto& one) { apply(one.work); }, waiting[i]);
        }
        if (options.died) options.died();
    }

    Outcome<Committed> apply(CommitWork& work) {
        if (disk->failing) return fail(Fault::temporary, "the store is unavailable");
        if (disk->full && !work.blobs.empty()) return fail(Fault::temporary, "the disk is nearly full");
        const std::lock_guard lock(disk->mutex);
        DiskTarget target(*disk);
        auto committed = evaluate(target, work, world.now());
        if (!committed) return committed;
        ++disk->commits;
        publish(bus, work, *committed);
        return committed;
    }

    Outcome<void> apply(ChunkWork& work) {
        const std::lock_guard lock(disk->mutex);
        DiskTarget target(*disk);
        return write_chunk(target, work, world.now());
    }

    Outcome<size_t> apply(SweepWork& work) {
        const std::lock_guard lock(disk->mutex);
        DiskTarget target(*disk);
        return Result<size_t>(sweep_blobs(target, work));
    }

    void crash() {
        std::deque<AnyWaiting> lost;
        {
            const std::lock_guard lock(mutex);
            crashed = true;
            lost.swap(waiting);
            if (unsynced) disk->rows = *std::move(unsynced);
        }
        for (AnyWaiting& one : lost) std::visit([](auto& w) { w.done(std::nullopt); }, one);
    }

    void check_up() {
        const std::lock_guard lock(mutex);
        if (crashed) throw net::Stopped();
    }

    net::Task<void> begin_read() {
        check_up();
        if (!options.read_delay) co_return;
        const auto delay = options.read_delay();
        if (delay.count() == 0) co_return;
        co_await world.sleep_until(world.after(delay));
        check_up();
    }

    net::World& world;
    std::shared_ptr<Contents> disk;
    Options options;
    Bus bus;
    std::mutex mutex;
    bool crashed = false;
    bool sync_scheduled = false;
    std::deque<AnyWaiting> waiting;
    std::optional<std::map<std::string, std::string>> unsynced;  // the planted bug's: what is really on disk
};

// Chunks of a store that may crash under its callers.
class MemoryStore::Chunks final : public ChunkEngine {
public:
    explicit Chunks(std::shared_ptr<State> state) : state_(std::move(state)) {}

    BlobId new_id() override {
        const std::lock_guard lock(state_->disk->mutex);
        crypto::Sha256 hash;
        hash.add("blob " + std::to_string(++state_->disk->blob_ids));
        return *BlobId::from(hash.finish().substr(0, 16));
    }
    Time now() const override { return state_->world.now(); }
    bool has_space() const override { return !state_->disk->full; }

    net::Task<std::string> encode(std::string plain) override { co_return encode_chunk(plain); }

    net::Task<Result<>> write(ChunkWork work) override {
        return submit<ChunkWork, void>(state_, std::move(work));
    }
    net::Task<Result<size_t>> sweep(SweepWork work) override {
        return submit<SweepWork, size_t>(state_, std::move(work));
    }

    net::Task<Result<std::vector<PlainChunk>>> read(BlobId blob, std::uint32_t first,
                                                    std::uint32_t count) override {
        co_await state_->begin_read();
        const std::lock_guard lock(state_->disk->mutex);  // no wait follows
        std::vector<PlainChunk> out;
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto found = state_->disk->chunks.find(chunk_key(blob, first + i));
            if (found == state_->disk->chunks.end())
                co_return fail(Fault::internal, "a part of a message is missing");
            out.push_back(std::make_shared<const std::string>(CO_TRY(decode_chunk(found->second))));
        }
        co_return out;
    }

    template <class Work, class T>
    static net::Task<Result<T>> submit(std::shared_ptr<State> state, Work work) {
        auto outcome = co_await wait_for<Outcome<T>>([&state, &work](Completion<Outcome<T>> done) {
            state->submit<Work, T>(std::move(work), std::move(done));
        });
        co_return or_stopped<T>(std::move(outcome));
    }

private:
    std::shared_ptr<State> state_;
};

MemoryDisk::MemoryDisk() : contents_(std::make_shared<Contents>()) {}
MemoryDisk::~MemoryDisk() = default;
void MemoryDisk::set_full(bool full) {
    contents_->full = full;
}
void MemoryDisk::set_failing(bool failing) {
    contents_->failing = failing;
}

void MemoryDisk::set_slow(std::chrono::microseconds more) {
    contents_->slow = more.count();
}
void MemoryDisk::break_next_sync(Broken how) {
    contents_->broken = how;
}

std::uint64_t MemoryDisk::commits() const {
    const std::lock_guard lock(contents_->mutex);
    return contents_->commits;
}

size_t MemoryDisk::rows() const {
    const std::lock_guard lock(contents_->mutex);
    return contents_->rows.size() + contents_->chunks.size();
}

void MemoryDisk::flip_bit_in_chunk() {
    const std::lock_guard lock(contents_->mutex);
    if (contents_->chunks.empty()) return;
    std::string& record = contents_->chunks.begin()->second;
    record.back() = static_cast<char>(record.back() ^ 1);
}

MemoryStore::MemoryStore(net::World& world) : MemoryStore(world, std::make_shared<MemoryDisk>(), Options{}) {}

MemoryStore::MemoryStore(net::World& world, std::shared_ptr<MemoryDisk> disk, Options options)
    : state_(std::make_shared<State>(world, disk->contents_, options)),
      chunks_(std::make_unique<Chunks>(state_)),
      blobs_(std::make_unique<Blobs>(*this, *chunks_)) {}

MemoryStore::~MemoryStore() {
    state_->crash();
}
void MemoryStore::crash() {
    state_->crash();
}

net::Task<Result<Committed>> MemoryStore::commit(std::vector<Batch> batches, std::vector<StagedBlob> blobs) {
    return Chunks::submit<CommitWork, Committed>(state_, CommitWork{std::move(batches), std::move(blobs)});
}

net::Task<Result<std::optional<std::string>>> MemoryStore::get(PartitionId partition, std::string key) {
    co_await state_->begin_read();
    const std::lock_guard lock(state_->disk->mutex);
    co_return DiskTarget(*state_->disk).get(engine_key(partition, Space::rows, key));
}

net::Task<Result<std::vector<std::optional<std::string>>>> MemoryStore::multi_get(
    PartitionId partition, std::vector<std::string> keys) {
    co_await state_->begin_read();
    const std::lock_guard lock(state_->disk->mutex);
    std::vector<std::optional<std::string>> out;
    for (const std::string& key : keys)
        out.push_back(DiskTarget(*state_->disk).get(engine_key(partition, Space::rows, key)));
    co_return out;
}

net::Task<Result<std::vector<KeyValue>>> MemoryStore::scan(PartitionId partition, std::string low,
                                                           std::string high, size_t limit,
                                                           Direction direction) {
    co_await state_->begin_read();
    const std::lock_guard lock(state_->disk->mutex);
    const auto& rows = state_->disk->rows;
    std::vector<KeyValue> out;
    if (!high.empty() && low >= high) co_return out;
    const auto begin = rows.lower_bound(engine_key(partition, Space::rows, low));
    const auto end = rows.lower_bound(engine_end(partition, Space::rows, high));
    const auto take = [&out](const auto& row) {
        out.emplace_back(row.first.substr(engine_prefix_octets), row.second);
    };
    if (direction == Direction::forward) {
        for (auto at = begin; at != end && out.size() < limit; ++at) take(*at);
    } else {
        for (auto at = end; at != begin && out.size() < limit;) take(*--at);
    }
    co_return out;
}

net::Task<Result<std::uint64_t>> MemoryStore::counter(PartitionId partition, std::string name) {
    co_await state_->begin_read();
    const std::lock_guard lock(state_->disk->mutex);
    co_return DiskTarget(*state_->disk).counter(engine_key(partition, Space::counters, name));
}

net::Task<Result<std::vector<Change>>> MemoryStore::changes(AccountId account, ModSequence above,
                                                            size_t limit) {
    co_await state_->begin_read();
    const std::lock_guard lock(state_->disk->mutex);
    const PartitionId partition = account_partition(account);
    const auto& rows = state_->disk->rows;
    const auto end = rows.lower_bound(engine_end(partition, Space::changes, {}));
    std::vector<Change> out;
    auto at = rows.lower_bound(engine_key(partition, Space::changes, to_u64(above.value + 1)));
    for (; at != end && out.size() < limit; ++at)
        out.push_back(
            CO_TRY(read_change(std::string_view(at->first).substr(engine_prefix_octets), at->second)));
    co_return out;
}

std::unique_ptr<Subscription> MemoryStore::subscribe(PartitionId partition, net::World& world,
                                                     std::function<void(Notice)> heard) {
    return state_->bus.subscribe(partition, world, std::move(heard));
}

bool MemoryStore::has_space() const {
    return !state_->disk->full;
}
BlobStore& MemoryStore::blobs() {
    return *blobs_;
}

}  // namespace heliopost::store
