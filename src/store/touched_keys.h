// TouchedKeys: the keys that a write group changes, as hashes: may say yes for a key that it does not.
// Internal to store/.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace heliopost::store {

class TouchedKeys {
public:
    void add(std::string_view key) {
        if ((count_ + 1) * 2 > slots_.size()) grow();
        insert(hash_of(key));
    }
    bool maybe(std::string_view key) const {
        if (count_ == 0) return false;
        const std::uint64_t hash = hash_of(key);
        for (size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
            if (slots_[at] == hash) return true;
            if (slots_[at] == 0) return false;
        }
    }
    void clear() {
        if (count_ == 0) return;
        count_ = 0;
        slots_.assign(slots_.size() > keep_slots ? size_t{0} : slots_.size(), 0);
    }

private:
    static constexpr size_t first_slots = 256, keep_slots = 16384;

    static std::uint64_t hash_of(std::string_view key) {
        const std::uint64_t hash = std::hash<std::string_view>{}(key);
        return hash == 0 ? 1 : hash;  // 0 is an empty slot
    }
    void insert(std::uint64_t hash) {
        for (size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
            if (slots_[at] == hash) return;
            if (slots_[at] != 0) continue;
            slots_[at] = hash;
            ++count_;
            return;
        }
    }
    void grow() {
        std::vector<std::uint64_t> before(slots_.empty() ? first_slots : slots_.size() * 2, 0);
        before.swap(slots_);
        count_ = 0;
        for (const std::uint64_t hash : before)
            if (hash != 0) insert(hash);
    }

    std::vector<std::uint64_t> slots_;  // a power of two, at most half full
    size_t count_ = 0;
};

}  // namespace heliopost::store
