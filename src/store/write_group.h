// WriteGroup: several commits on their way to the disk as one write. The committer's thread only.
// Internal to store/.
//
// What a commit reads is the database, plus counters as raised by the commits before it. Where it would
// read a row that the group has touched, the group is written first (settle), so that no second view of
// the database is needed.
#pragma once

#include <rocksdb/write_batch.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/counter_cache.h"
#include "store/evaluate.h"
#include "store/rocks_database.h"
#include "store/touched_keys.h"

namespace heliopost::store {

class WriteGroup final : public CommitTarget {
public:
    // settle must write the group and call clear().
    WriteGroup(Database& database, std::function<void()> settle)
        : database_(database), settle_(std::move(settle)) {}

    // The write, with the mark of the last synced one before it at its front.
    void begin(std::uint64_t last_synced);
    rocksdb::WriteBatch* finish();
    void clear();
    bool empty() const { return batch_.Count() == 0 && dirty_.empty(); }
    size_t octets() const { return batch_.GetDataSize(); }

    std::optional<std::string> get(std::string_view key) override;
    bool any(std::string_view low, std::string_view high) override;
    std::uint64_t counter(std::string_view key) override { return counter_at(key).value; }
    void set_counter(std::string_view key, std::uint64_t value) override;
    void put(std::string_view key, std::string_view value) override;
    void erase(std::string_view key) override;
    void erase_range(PartitionId partition, std::string_view low, std::string_view high) override;
    void put_chunk(std::string_view key, std::string_view octets) override;
    void erase_chunks(BlobId blob) override;

private:
    CounterCache::Counter& counter_at(std::string_view key);
    std::string read(std::string_view key, bool* found);
    void check(const rocksdb::Status& status) const;

    Database& database_;
    std::function<void()> settle_;
    rocksdb::WriteBatch batch_;
    TouchedKeys touched_;
    bool touched_ranges_ = false;
    CounterCache counters_;
    std::vector<std::pair<std::string, CounterCache::Counter*>> dirty_;
};

}  // namespace heliopost::store
