// MemoryStore: the engine of tests and of the simulator, and MemoryDisk, what survives its crash.
//
// Commits wait for sync_delay of the World's time, then take effect in order and are acknowledged, as
// on a disk that takes that long to sync. A store that is destroyed or crashed loses what is not yet
// synced: its callers get net::Stopped on a later turn, and never an acknowledgement. Open a new store on
// the same disk to go on. Deterministic where the World is.
//
// Any thread may call it; timers run on the loop of the World it was made with, which must outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "store/store.h"

namespace heliopost::store {

class Blobs;

class MemoryDisk {
public:
    MemoryDisk();
    ~MemoryDisk();
    MemoryDisk(const MemoryDisk&) = delete;
    MemoryDisk& operator=(const MemoryDisk&) = delete;

    void set_full(bool full);                       // below the reserve: commits with blobs fail, others pass
    void set_failing(bool failing);                 // every commit fails with Fault::temporary
    std::uint64_t commits() const;                  // synced since the disk was made
    size_t rows() const;                            // of every kind, chunks included
    void flip_bit_in_chunk();                       // damages one stored chunk, for tests of checksums
    void set_slow(std::chrono::microseconds more);  // added to every sync_delay
    // The next sync ends in an error, as an engine reports one: nobody is acknowledged, the store is as after
    // crash(), Options::died is called. What was to be synced may all be on the disk, or none of it.
    enum class Broken : std::uint8_t { none, lost, written };
    void break_next_sync(Broken how);

    struct Contents;

private:
    friend class MemoryStore;
    std::shared_ptr<Contents> contents_;
};

class MemoryStore final : public Store {
public:
    struct Options {
        std::chrono::microseconds sync_delay{0};
        // How long a read takes, asked at each; none: reads never wait.
        std::function<std::chrono::microseconds()> read_delay{};
        std::function<void()> died{};  // after break_next_sync(); the program of a real engine ends here
    };

    explicit MemoryStore(net::World& world);  // with a disk of its own
    MemoryStore(net::World& world, std::shared_ptr<MemoryDisk> disk, Options options);
    ~MemoryStore() override;

    // Loses what is not synced; every call that waits, and every later one, throws net::Stopped.
    void crash();

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

private:
    struct State;
    class Chunks;
    std::shared_ptr<State> state_;
    std::unique_ptr<Chunks> chunks_;
    std::unique_ptr<Blobs> blobs_;
};

}  // namespace heliopost::store
