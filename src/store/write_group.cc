#include "store/write_group.h"

#include "base/assert.h"
#include "store/keys.h"
#include "store/rocks_log.h"
#include "store/tuple.h"

namespace heliopost::store {
namespace {

// A range of fewer rows is erased row by row: a range tombstone slows every later read around it.
constexpr size_t rows_erased_singly_max = 256;

std::string_view partition_prefix(std::string_view key) {
    return key.substr(0, engine_prefix_octets);
}

}  // namespace

void WriteGroup::begin(std::uint64_t last_synced) {
    check(batch_.PutLogData(log_mark(last_synced)));
}

rocksdb::WriteBatch* WriteGroup::finish() {
    std::string value;
    for (auto& [key, counter] : dirty_) {
        value.clear();
        for (int shift = 56; shift >= 0; shift -= 8)
            value += static_cast<char>(static_cast<unsigned char>(counter->value >> shift));
        check(batch_.Put(database_.rows, key, value));
        counter->dirty = false;
    }
    dirty_.clear();
    return &batch_;
}

void WriteGroup::clear() {
    ASSERT(dirty_.empty());
    batch_.Clear();
    touched_.clear();
    touched_ranges_ = false;
    counters_.forget_some();
}

std::string WriteGroup::read(std::string_view key, bool* found) {
    std::string value;
    const auto status = database_.db->Get({}, database_.rows, key, &value);
    *found = status.ok();
    if (!status.IsNotFound()) check(status);
    return value;
}

std::optional<std::string> WriteGroup::get(std::string_view key) {
    if (touched_ranges_ || touched_.maybe(key)) settle_();
    bool found = false;
    std::string value = read(key, &found);
    if (!found) return std::nullopt;
    return value;
}

bool WriteGroup::any(std::string_view low, std::string_view high) {
    if (!empty()) settle_();
    rocksdb::ReadOptions options;
    const rocksdb::Slice end = high;
    options.iterate_upper_bound = &end;
    const std::unique_ptr<rocksdb::Iterator> at(database_.db->NewIterator(options, database_.rows));
    at->Seek(low);
    check(at->status());
    return at->Valid();
}

CounterCache::Counter& WriteGroup::counter_at(std::string_view key) {
    if (auto* known = counters_.find(key)) return *known;
    bool found = false;
    const std::string value = read(key, &found);
    return *counters_.add(key, found ? read_u64(value) : 0);
}

void WriteGroup::set_counter(std::string_view key, std::uint64_t value) {
    auto& counter = counter_at(key);
    counter.value = value;
    if (!std::exchange(counter.dirty, true)) dirty_.emplace_back(key, &counter);
}

void WriteGroup::put(std::string_view key, std::string_view value) {
    touched_.add(key);
    touched_.add(partition_prefix(key));
    check(batch_.Put(database_.rows, key, value));
}

void WriteGroup::erase(std::string_view key) {
    touched_.add(key);
    touched_.add(partition_prefix(key));
    check(batch_.Delete(database_.rows, key));
}

void WriteGroup::erase_range(PartitionId partition, std::string_view low, std::string_view high) {
    // The rows of a partition that the group has touched cannot all be seen yet.
    std::vector<std::string> keys;
    bool all = !touched_.maybe(engine_key(partition, Space::rows, {}));
    if (all) {
        rocksdb::ReadOptions options;
        const rocksdb::Slice end = high;
        options.iterate_upper_bound = &end;
        const std::unique_ptr<rocksdb::Iterator> at(database_.db->NewIterator(options, database_.rows));
        for (at->Seek(low); at->Valid() && keys.size() <= rows_erased_singly_max; at->Next())
            keys.push_back(at->key().ToString());
        check(at->status());
        all = keys.size() <= rows_erased_singly_max;
    }
    if (all) {
        for (const std::string& key : keys) erase(key);
        return;
    }
    check(batch_.DeleteRange(database_.rows, low, high));
    touched_.add(partition_prefix(low));
    touched_ranges_ = true;
}

void WriteGroup::put_chunk(std::string_view key, std::string_view octets) {
    check(batch_.Put(database_.chunks, key, octets));
}

void WriteGroup::erase_chunks(BlobId blob) {
    const std::string low(blob.view());
    check(batch_.DeleteRange(database_.chunks, low, after_prefix(low)));
}

void WriteGroup::check(const rocksdb::Status& status) const {
    if (!status.ok()) end_process(database_.path, status);
}

}  // namespace heliopost::store
