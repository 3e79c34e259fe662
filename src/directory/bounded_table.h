// BoundedTable: remembers at most so many values and forgets the one that was touched longest ago.
//
// Keys are digests under a secret key (Digest), so that nobody can aim at a bucket. One thread at a time.
#pragma once

#include <cstddef>
#include <cstring>
#include <list>
#include <unordered_map>
#include <utility>

#include "directory/digest.h"

namespace heliopost::directory {

template <class Value>
class BoundedTable {
public:
    explicit BoundedTable(std::size_t entries_max) : entries_max_(entries_max) {}

    // Null when unknown. Finding does not touch.
    Value* find(const Digest& key) {
        const auto at = places_.find(key);
        return at == places_.end() ? nullptr : &at->second->second;
    }

    // The value, made if it is not there; it is the last to be forgotten now.
    Value& touch(const Digest& key) {
        if (const auto at = places_.find(key); at != places_.end()) {
            entries_.splice(entries_.begin(), entries_, at->second);
            return at->second->second;
        }
        if (entries_.size() >= entries_max_) {
            places_.erase(entries_.back().first);
            entries_.pop_back();
        }
        entries_.emplace_front(key, Value{});
        places_.emplace(key, entries_.begin());
        return entries_.front().second;
    }

    void erase(const Digest& key) {
        const auto at = places_.find(key);
        if (at == places_.end()) return;
        entries_.erase(at->second);
        places_.erase(at);
    }

    std::size_t size() const { return entries_.size(); }

private:
    struct FirstOctets {
        std::size_t operator()(const Digest& key) const noexcept {
            std::size_t hash = 0;
            std::memcpy(&hash, key.data(), sizeof hash);
            return hash;
        }
    };
    using Entries = std::list<std::pair<Digest, Value>>;

    std::size_t entries_max_;
    Entries entries_;
    std::unordered_map<Digest, typename Entries::iterator, FirstOctets> places_;
};

}  // namespace heliopost::directory
