#include "store/rocks_store.h"

#include <openssl/rand.h>

#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdio>

#include "base/assert.h"
#include "net/system_clock.h"
#include "store/blobs.h"
#include "store/bus.h"
#include "store/chunk.h"
#include "store/chunk_cache.h"
#include "store/committer.h"
#include "store/completion.h"
#include "store/disk_space.h"
#include "store/keys.h"
#include "store/rocks_check.h"
#include "store/rocks_checkpoint.h"
#include "store/rocks_database.h"
#include "store/rocks_scrub.h"

namespace heliopost::store {
namespace {

Error read_error(const rocksdb::Status& status) {
    std::fprintf(stderr, "heliopost: the store could not be read: %s\n", status.ToString().c_str());
    return {Fault::internal, "the store could not be read"};
}

// RocksDB 7.8 answers OK and an empty value, rather than Incomplete, where only the caches may be asked and
// they do not hold the key's table. So an empty value from the caches says nothing, and the disk is asked.
bool is_unknown(const rocksdb::ReadOptions& options, const rocksdb::Status& status, size_t value_octets) {
    if (status.IsIncomplete()) return true;
    return options.read_tier == rocksdb::kBlockCacheTier && status.ok() && value_octets == 0;
}

// What a read gives: nothing when it needs the disk and was not allowed to ask it.
template <class T>
using Attempt = std::optional<Result<T>>;

Attempt<std::optional<std::string>> get_row(Database& database, const rocksdb::ReadOptions& options,
                                            std::string_view key) {
    std::string value;
    const auto status = database.db->Get(options, database.rows, key, &value);
    if (is_unknown(options, status, value.size())) return std::nullopt;
    if (status.IsNotFound()) return Result<std::optional<std::string>>(std::nullopt);
    if (!status.ok()) return std::unexpected(read_error(status));
    return Result<std::optional<std::string>>(std::move(value));
}

Attempt<std::vector<KeyValue>> scan_rows(Database& database, rocksdb::ReadOptions options,
                                         std::string_view low, std::string_view high, size_t limit,
                                         Direction direction) {
    const rocksdb::Slice lower = low, upper = high;
    options.iterate_lower_bound = &lower;
    options.iterate_upper_bound = &upper;
    const std::unique_ptr<rocksdb::Iterator> at(database.db->NewIterator(options, database.rows));
    std::vector<KeyValue> out;
    const bool forward = direction == Direction::forward;
    if (limit > 0) forward ? at->SeekToFirst() : at->SeekToLast();
    while (out.size() < limit && at->Valid()) {
        auto key = at->key();
        key.remove_prefix(engine_prefix_octets);
        out.emplace_back(key.ToString(), at->value().ToString());
        if (out.size() < limit) forward ? at->Next() : at->Prev();
    }
    if (at->status().IsIncomplete()) return std::nullopt;
    if (!at->status().ok()) return std::unexpected(read_error(at->status()));
    return Result<std::vector<KeyValue>>(std::move(out));
}

}  // namespace

struct RocksStore::Parts {
    Parts(RocksOptions o, std::unique_ptr<Database> d)
        : options(std::move(o)),
          space(options.path, options.disk_reserve),
          database(std::move(d)),
          chunk_cache(options.chunk_cache_octets),
          pool(options.read_threads),
          committer(*database, bus, options.clock) {}

    // Asks the caches on the caller's loop and, where they do not know, the disk on a thread of the pool.
    template <class T, class Read>
    net::Task<Result<T>> read(Read read) {
        rocksdb::ReadOptions cached;
        cached.read_tier = rocksdb::kBlockCacheTier;
        if (Attempt<T> attempt = read(cached)) co_return std::move(*attempt);
        co_return co_await wait_for<Result<T>>([this, &read](Completion<Result<T>> done) {
            boost::asio::post(pool, [&read, done = std::move(done)]() mutable {
                done(std::move(*read(rocksdb::ReadOptions{})));
            });
        });
    }

    template <class Work, class T>
    net::Task<Result<T>> submit(Work work) {
        co_return co_await wait_for<Result<T>>([this, &work](Completion<Result<T>> done) {
            committer.submit(std::move(work), std::move(done));
        });
    }

    RocksOptions options;
    DiskSpace space;
    std::unique_ptr<Database> database;
    Bus bus;
    ChunkCache chunk_cache;
    boost::asio::thread_pool pool;
    Committer committer;
    std::unique_ptr<ChunkEngine> chunks;
    std::unique_ptr<Blobs> blobs;
};

namespace {

template <class Parts>
class RocksChunks final : public ChunkEngine {
public:
    explicit RocksChunks(Parts& parts) : parts_(parts) {}

    BlobId new_id() override {
        // The time in front, so that rows of new blobs lie side by side: less work to insert and to compact.
        constexpr size_t time_octets = 6;
        BlobId id;
        auto ms = static_cast<std::uint64_t>(unix_milliseconds(now()));
        for (size_t i = time_octets; i > 0; --i, ms >>= 8)
            id.octets[i - 1] = static_cast<std::byte>(ms & 0xff);
        ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(&id.octets[time_octets]),
                          static_cast<int>(id.octets.size() - time_octets)) == 1);
        return id;
    }
    Time now() const override { return parts_.options.clock(); }
    bool has_space() const override { return parts_.space.above_reserve(); }

    net::Task<std::string> encode(std::string plain) override {
        co_return co_await wait_for<std::string>([this, &plain](Completion<std::string> done) {
            boost::asio::post(parts_.pool,
                              [&plain, done = std::move(done)]() mutable { done(encode_chunk(plain)); });
        });
    }
    net::Task<Result<>> write(ChunkWork work) override {
        return parts_.template submit<ChunkWork, void>(std::move(work));
    }
    net::Task<Result<size_t>> sweep(SweepWork work) override {
        return parts_.template submit<SweepWork, size_t>(std::move(work));
    }
    net::Task<Result<std::vector<PlainChunk>>> read(BlobId blob, std::uint32_t first,
                                                    std::uint32_t count) override {
        return parts_.template read<std::vector<PlainChunk>>(
            [this, blob, first, count](const rocksdb::ReadOptions& options) {
                return read_now(options, blob, first, count);
            });
    }

private:
    Attempt<std::vector<PlainChunk>> read_now(const rocksdb::ReadOptions& options, BlobId blob,
                                              std::uint32_t first, std::uint32_t count) {
        std::vector<PlainChunk> out;
        for (std::uint32_t i = 0; i < count; ++i) {
            const std::string key = chunk_key(blob, first + i);
            if (PlainChunk known = parts_.chunk_cache.find(key)) {
                out.push_back(std::move(known));
                continue;
            }
            rocksdb::PinnableSlice record;
            Database& database = *parts_.database;
            const auto status = database.db->Get(options, database.chunks, key, &record);
            if (is_unknown(options, status, record.size())) return std::nullopt;
            if (status.IsNotFound()) return fail(Fault::internal, "a part of a message is missing");
            if (!status.ok()) return std::unexpected(read_error(status));
            auto plain = decode_chunk({record.data(), record.size()});
            if (!plain) return std::unexpected(plain.error());
            out.push_back(std::make_shared<const std::string>(std::move(*plain)));
            parts_.chunk_cache.add(key, out.back());
        }
        return Result<std::vector<PlainChunk>>(std::move(out));
    }

    Parts& parts_;
};

}  // namespace

Result<std::unique_ptr<RocksStore>> RocksStore::open(RocksOptions options) {
    if (!options.clock) options.clock = net::system_now;
    auto database = TRY(open_database(options));
    auto parts = std::make_unique<Parts>(std::move(options), std::move(database));
    parts->chunks = std::make_unique<RocksChunks<Parts>>(*parts);
    auto store = std::unique_ptr<RocksStore>(new RocksStore(std::move(parts)));
    store->parts_->blobs = std::make_unique<Blobs>(*store, *store->parts_->chunks);
    return store;
}

RocksStore::RocksStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RocksStore::~RocksStore() {
    parts_->pool.join();
}

net::Task<Result<Committed>> RocksStore::commit(std::vector<Batch> batches, std::vector<StagedBlob> blobs) {
    if (parts_->options.read_only) co_return fail(Fault::denied, "the store is opened for reading");
    if (!blobs.empty() && !has_space()) co_return fail(Fault::temporary, "the disk is nearly full");
    CommitWork work{std::move(batches), std::move(blobs)};
    co_return co_await wait_for<Result<Committed>>([this, &work](Completion<Result<Committed>> done) {
        parts_->committer.submit(std::move(work), std::move(done));
    });
}

net::Task<Result<std::optional<std::string>>> RocksStore::get(PartitionId partition, std::string key) {
    return parts_->read<std::optional<std::string>>(
        [database = parts_->database.get(), key = engine_key(partition, Space::rows, key)](
            const rocksdb::ReadOptions& options) { return get_row(*database, options, key); });
}

net::Task<Result<std::vector<std::optional<std::string>>>> RocksStore::multi_get(
    PartitionId partition, std::vector<std::string> keys) {
    using Values = std::vector<std::optional<std::string>>;
    for (std::string& key : keys) key = engine_key(partition, Space::rows, key);
    return parts_->read<Values>([database = parts_->database.get(), keys = std::move(keys)](
                                    const rocksdb::ReadOptions& options) -> Attempt<Values> {
        const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
        std::vector<rocksdb::PinnableSlice> found(keys.size());
        std::vector<rocksdb::Status> statuses(keys.size());
        database->db->MultiGet(options, database->rows, keys.size(), slices.data(), found.data(),
                               statuses.data());
        Values out(keys.size());
        for (size_t i = 0; i < keys.size(); ++i) {
            if (is_unknown(options, statuses[i], found[i].size())) return std::nullopt;
            if (statuses[i].IsNotFound()) continue;
            if (!statuses[i].ok()) return std::unexpected(read_error(statuses[i]));
            out[i] = found[i].ToString();
        }
        return Result<Values>(std::move(out));
    });
}

net::Task<Result<std::vector<KeyValue>>> RocksStore::scan(PartitionId partition, std::string low,
                                                          std::string high, size_t limit,
                                                          Direction direction) {
    if (!high.empty() && low >= high) limit = 0;
    return parts_->read<std::vector<KeyValue>>([database = parts_->database.get(),
                                                low = engine_key(partition, Space::rows, low),
                                                high = engine_end(partition, Space::rows, high), limit,
                                                direction](const rocksdb::ReadOptions& options) {
        return scan_rows(*database, options, low, high, limit, direction);
    });
}

net::Task<Result<std::uint64_t>> RocksStore::counter(PartitionId partition, std::string name) {
    return parts_->read<std::uint64_t>(
        [database = parts_->database.get(), key = engine_key(partition, Space::counters, name)](
            const rocksdb::ReadOptions& options) -> Attempt<std::uint64_t> {
            const auto row = get_row(*database, options, key);
            if (!row) return std::nullopt;
            if (!*row) return std::unexpected(row->error());
            return Result<std::uint64_t>(read_u64((*row)->value_or("")));
        });
}

net::Task<Result<std::vector<Change>>> RocksStore::changes(AccountId account, ModSequence above,
                                                           size_t limit) {
    const PartitionId partition = account_partition(account);
    return parts_->read<std::vector<Change>>(
        [database = parts_->database.get(),
         low = engine_key(partition, Space::changes, to_u64(above.value + 1)),
         high = engine_end(partition, Space::changes, {}),
         limit](const rocksdb::ReadOptions& options) -> Attempt<std::vector<Change>> {
            auto rows = scan_rows(*database, options, low, high, limit, Direction::forward);
            if (!rows) return std::nullopt;
            if (!*rows) return std::unexpected(rows->error());
            std::vector<Change> out;
            for (const auto& [key, ids] : **rows) {
                auto change = read_change(key, ids);
                if (!change) return std::unexpected(change.error());
                out.push_back(std::move(*change));
            }
            return Result<std::vector<Change>>(std::move(out));
        });
}

std::unique_ptr<Subscription> RocksStore::subscribe(PartitionId partition, net::World& world,
                                                    std::function<void(Notice)> heard) {
    return parts_->bus.subscribe(partition, world, std::move(heard));
}

bool RocksStore::has_space() const {
    return parts_->space.above_reserve();
}
BlobStore& RocksStore::blobs() {
    return *parts_->blobs;
}
CheckReport RocksStore::check(const CheckOptions& options) {
    return check_database(*parts_->database, options);
}

Result<std::string> RocksStore::checkpoint() {
    return make_checkpoint(*parts_->database);
}

std::unique_ptr<Scrub> RocksStore::scrub(ScrubOptions options) {
    return std::make_unique<RocksScrub>(*parts_->database, std::move(options));
}

Result<> RocksStore::take_out(const std::vector<std::string>& engine_keys) {
    if (parts_->options.read_only) return fail(Fault::denied, "the store is opened for reading");
    rocksdb::WriteBatch batch;
    for (const std::string& key : engine_keys) batch.Delete(parts_->database->rows, key);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const auto status = parts_->database->db->Write(synced, &batch);
    if (!status.ok()) end_process(parts_->database->path, status);
    flush();  // the marks of the log (rocks_log.h) say nothing of this write
    return {};
}

void RocksStore::flush() {
    Database& database = *parts_->database;
    const auto status = database.db->Flush(rocksdb::FlushOptions(), {database.rows, database.chunks});
    if (!status.ok()) end_process(database.path, status);
}

}  // namespace heliopost::store
