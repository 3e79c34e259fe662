// Store: ordered key-value partitions with atomic, durable batches.
//
// commit() returns after the write-ahead log is synced: acknowledged is durable. All batches of one
// commit take effect or none. Slots and mod-sequences are assigned in commit order, which is also the
// order in which subscribers hear of commits. A failed sync ends the process (promise 1): the caller
// never sees it.
//
// Reads see every acknowledged commit and never one that is not on disk. Any loop may call any member;
// the coroutine goes on where it was. Engines: rocks_store.h, memory_store.h; one conformance suite.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "net/task.h"
#include "net/world.h"
#include "store/batch.h"
#include "store/blob.h"
#include "store/partition.h"

namespace heliopost::store {

struct Committed {
    struct Part {
        ModSequence mod_sequence;          // 0 when the batch asked for none
        std::vector<std::uint64_t> slots;  // [0] the mod-sequence, [i] the i-th next()
        std::uint64_t of(Slot slot) const { return slots.at(slot.index); }
    };
    std::vector<Part> parts;  // one a batch, in order
};

using KeyValue = std::pair<std::string, std::string>;
enum class Direction : std::uint8_t { forward, backward };

struct Change {
    ModSequence mod_sequence;
    ChangeKind kind;
    std::uint32_t container;
    std::string ids;
};

// What a subscriber hears: a hint that the partition moved. The truth is in the store.
struct Notice {
    PartitionId partition;
    ModSequence mod_sequence;
    std::uint32_t kinds = 0;  // 1 << ChangeKind
};

// Ends with its destructor, which must run on the world that it was made for.
class Subscription {
public:
    virtual ~Subscription() = default;
};

class Store {
public:
    virtual ~Store() = default;

    // Fails with Fault::conflict (an assert), over_quota (an add), too_large, temporary (unavailable, or
    // the disk is below its reserve and the commit has blobs).
    virtual net::Task<Result<Committed>> commit(std::vector<Batch> batches,
                                                std::vector<StagedBlob> blobs) = 0;
    net::Task<Result<Committed>> commit(Batch batch);

    virtual net::Task<Result<std::optional<std::string>>> get(PartitionId partition, std::string key) = 0;
    virtual net::Task<Result<std::vector<std::optional<std::string>>>> multi_get(
        PartitionId partition, std::vector<std::string> keys) = 0;

    // Keys of [low, high) in order, at most limit; an empty high is the partition's end.
    virtual net::Task<Result<std::vector<KeyValue>>> scan(PartitionId partition, std::string low,
                                                          std::string high, size_t limit,
                                                          Direction direction) = 0;

    // A counter's value; 0 when it was never raised.
    virtual net::Task<Result<std::uint64_t>> counter(PartitionId partition, std::string name) = 0;

    // The change log of an account above a mod-sequence, oldest first, at most limit rows.
    virtual net::Task<Result<std::vector<Change>>> changes(AccountId account, ModSequence above,
                                                           size_t limit) = 0;

    // Calls back on the world's loop after each commit to the partition that logged a change.
    virtual std::unique_ptr<Subscription> subscribe(PartitionId partition, net::World& world,
                                                    std::function<void(Notice)> heard) = 0;

    // False while the disk is below its reserve: new mail gets 452 and NO.
    virtual bool has_space() const = 0;

    virtual BlobStore& blobs() = 0;
};

}  // namespace heliopost::store
