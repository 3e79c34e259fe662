#include "store/chunk_cache.h"

namespace heliopost::store {

ChunkCache::Chunk ChunkCache::find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return found->second->second;
}

void ChunkCache::add(const std::string& key, Chunk chunk) {
    const std::lock_guard lock(mutex_);
    if (by_key_.contains(key)) return;
    octets_ += chunk->size() + entry_octets;
    by_use_.emplace_front(key, std::move(chunk));
    by_key_.emplace(key, by_use_.begin());
    while (octets_ > octets_max_ && !by_use_.empty()) {
        octets_ -= by_use_.back().second->size() + entry_octets;
        by_key_.erase(by_use_.back().first);
        by_use_.pop_back();
    }
}

size_t ChunkCache::octets() const {
    const std::lock_guard lock(mutex_);
    return octets_;
}

}  // namespace heliopost::store
