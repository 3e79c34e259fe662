// CounterCache: the counters that the committer has in memory, so that it need not read to raise one.
// The committer's thread only. Internal to store/.
//
// Two generations: what was not used while the younger one filled up is forgotten. Forgetting happens
// between groups only, when every value is in the database.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace heliopost::store {

class CounterCache {
public:
    static constexpr size_t generation_counters_max = 100'000;

    struct Counter {
        std::uint64_t value = 0;
        bool dirty = false;  // in the group under way, not yet in its write
    };

    // Null when it is not known; then read it and add it.
    Counter* find(std::string_view key) {
        if (const auto found = young_.find(key); found != young_.end()) return &found->second;
        const auto found = old_.find(key);
        if (found == old_.end()) return nullptr;
        auto node = old_.extract(found);
        return &young_.insert(std::move(node)).position->second;
    }
    Counter* add(std::string_view key, std::uint64_t value) {
        return &young_.emplace(std::string(key), Counter{value, false}).first->second;
    }

    // Nothing is dirty and no pointer is held.
    void forget_some() {
        if (young_.size() < generation_counters_max) return;
        old_ = std::move(young_);
        young_.clear();
    }

private:
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
    };
    using Map = std::unordered_map<std::string, Counter, Hash, std::equal_to<>>;
    Map young_, old_;
};

}  // namespace heliopost::store
