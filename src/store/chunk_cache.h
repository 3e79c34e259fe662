// ChunkCache: the chunks of blobs last read, decompressed, up to a number of octets. Any thread.
// Internal to store/.
//
// A chunk is never changed and its key never used again, so that nothing here goes stale.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace heliopost::store {

class ChunkCache {
public:
    using Chunk = std::shared_ptr<const std::string>;
    explicit ChunkCache(size_t octets_max) : octets_max_(octets_max) {}

    Chunk find(const std::string& key);  // null when it is not there
    void add(const std::string& key, Chunk chunk);
    size_t octets() const;

private:
    using Entry = std::pair<std::string, Chunk>;
    static constexpr size_t entry_octets = 128;  // what an entry costs beside its chunk

    size_t octets_max_;
    mutable std::mutex mutex_;
    size_t octets_ = 0;
    std::list<Entry> by_use_;  // last used first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

}  // namespace heliopost::store
