// What a commit comes to: its conditions judged, its slots assigned, its rows written. The one piece of
// logic that both engines share. Internal to store/.
//
// Judging comes first and writes nothing, so that a commit that fails leaves no trace; then all rows go
// out and nothing can fail any more.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/bus.h"
#include "store/store.h"

namespace heliopost::store {

// One engine's state as the committer sees it: everything evaluated before this commit counts.
class CommitTarget {
public:
    virtual ~CommitTarget() = default;

    // Reads; called only before the commit's first write.
    virtual std::optional<std::string> get(std::string_view key) = 0;
    virtual bool any(std::string_view low, std::string_view high) = 0;

    virtual std::uint64_t counter(std::string_view key) = 0;
    virtual void set_counter(std::string_view key, std::uint64_t value) = 0;

    virtual void put(std::string_view key, std::string_view value) = 0;
    virtual void erase(std::string_view key) = 0;
    virtual void erase_range(PartitionId partition, std::string_view low, std::string_view high) = 0;
    virtual void put_chunk(std::string_view key, std::string_view octets) = 0;
    virtual void erase_chunks(BlobId blob) = 0;
};

struct CommitWork {
    std::vector<Batch> batches;
    std::vector<StagedBlob> blobs;
};

Result<Committed> evaluate(CommitTarget& target, CommitWork& work, Time now);

// A full chunk on its way in; the first one of a blob leaves an open row for the sweeper.
struct ChunkWork {
    BlobId blob;
    std::uint32_t index = 0;
    std::string octets;  // as stored
};
Result<> write_chunk(CommitTarget& target, const ChunkWork& work, Time now);

// Blobs that the sweeper wants gone; each is looked at again. Gives how many went.
struct SweepWork {
    std::vector<BlobId> blobs;
    Time used_before;
    bool only_distrust = false;  // nothing is deleted: their hashes name them no more
};
size_t sweep_blobs(CommitTarget& target, const SweepWork& work);

// Tells subscribers of a commit that is on disk.
void publish(Bus& bus, const CommitWork& work, const Committed& committed);

}  // namespace heliopost::store
