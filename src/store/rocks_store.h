// RocksStore: the default engine, RocksDB in a directory of its own.
//
// One committer thread merges what waits into one synced write (committer.h). Reads answer on the
// caller's loop from memory and go to a few threads of the store's own where the disk is needed. A failed
// write, sync or background job of the engine ends the process: nothing is acknowledged after it.
//
// One process a directory. Destroy the store after the loops that use it have stopped and before their
// Worlds; what was submitted is finished first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "store/check.h"
#include "store/scrub.h"
#include "store/store.h"

namespace rocksdb {
class Env;
}

namespace heliopost::store {

struct RocksOptions {
    std::string path;
    bool create = true;                            // when the directory holds no store
    bool read_only = false;                        // commits fail with Fault::denied; no file is changed
    std::optional<std::uint64_t> disk_reserve;     // octets kept free; unset: 2 %, at least 1 GiB
    size_t cache_octets = 64 * 1024 * 1024;        // the engine's block cache
    size_t memtable_octets = 32 * 1024 * 1024;     // of each of the engine's two tables
    size_t chunk_cache_octets = 16 * 1024 * 1024;  // of blobs' chunks, decompressed
    int open_files_max = 512;                      // of tables; the engine opens them as they are asked for
    unsigned read_threads = 2;
    bool compact = true;          // merge tables beside the work; an error there ends the process
    std::function<Time()> clock;  // time of day; unset: the system's
    rocksdb::Env* env = nullptr;  // the engine's files, outlives the store; unset: the system's

    // What to do where acknowledged commits cannot be read back from a damaged log. drop_damaged: all up
    // to the damage is kept, all after it is lost; for `heliopost fsck --repair`, which says so.
    enum class Recovery { refuse_damaged, drop_damaged };
    Recovery recovery = Recovery::refuse_damaged;
    std::function<void(const std::string& line)> dropped;  // called before it drops; may be empty
};

inline constexpr char checkpoint_name[] = "checkpoint";
inline constexpr char scrub_name[] = "scrub";  // where the scrub stands
// While a store is restored it lies below this name in its place; nothing opens the place until it is whole.
inline constexpr char restoring_name[] = "restoring";

class RocksStore final : public Store {
public:
    // Fails with a text that says what to do: Fault::exists when another process has it, temporary when
    // the disk is full, syntax when the store is of a newer format, internal when it is damaged,
    // not_found when there is none and none is to be made.
    static Result<std::unique_ptr<RocksStore>> open(RocksOptions options);
    ~RocksStore() override;

    using Store::commit;
    net::Task<Result<Committed>> commit(std::vector<Batch> batches, std::vector<StagedBlob> blobs) override;
    net::Task<Result<std::optional<std::string>>> get(PartitionId partition, std::string key) override;
    net::Task<Result<std::vector<std::optional<std::string>>>> multi_get(
        PartitionId partition, std::vector<std::string> keys) override;
    net::Task<Result<std::vector<KeyValue>>> scan(PartitionId partition, std::string low, std::string high,
                                                  size_t limit, Direction direction) override;
    net::Task<Result<std::uint64_t>> counter(PartitionId partition, std::string name) override;
    net::Task<Result<std::vector<Change>>> changes(AccountId account, ModSequence above,
                                                   size_t limit) override;
    std::unique_ptr<Subscription> subscribe(PartitionId partition, net::World& world,
                                            std::function<void(Notice)> heard) override;
    bool has_space() const override;
    BlobStore& blobs() override;

    // Walks all that is stored (check.h). Blocks: for a thread of its own, or a command.
    CheckReport check(const CheckOptions& options);

    // Takes rows out by their whole keys, as CheckOptions::take_out named them. Nobody else commits
    // meanwhile.
    Result<> take_out(const std::vector<std::string>& engine_keys);

    // Writes what is in memory to tables and starts a new log; for tests and before a copy.
    void flush();

    // The store as it is at one moment, with every commit acknowledged before the call, as a directory of its
    // own that opens as a store: tables are hard links, the rest is copied. Replaces an earlier one; whoever
    // asked for it removes it. Gives its path, checkpoint_name below the store's. Blocks.
    Result<std::string> checkpoint();

    // Begins to walk over all that is stored, slowly, until it is destroyed, which must be before the store.
    std::unique_ptr<Scrub> scrub(ScrubOptions options);

private:
    struct Parts;
    explicit RocksStore(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace heliopost::store
