// PersistentMap: text to value; a copy costs a pointer, and a change to a copy clones one path.
//
// For snapshots: readers on any thread hold a copy that never changes, the one writer changes its own.
// 4,096 leaves, so that a change among a million keys clones some 250 pointers. Iteration is in no
// order that may show.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heliopost::directory {

template <class Value>
class PersistentMap {
public:
    // Valid as long as this map or a copy of it holds the key unchanged.
    const Value* find(std::string_view key) const {
        const Leaf* leaf = leaf_of(key);
        if (leaf == nullptr) return nullptr;
        const auto at = place(*leaf, key);
        return at != leaf->end() && (*at)->first == key ? &(*at)->second : nullptr;
    }

    void put(std::string_view key, Value value) {
        Leaf& leaf = own_leaf(key);
        auto item = std::make_shared<const Item>(std::string(key), std::move(value));
        const auto at = place(leaf, key);
        if (at != leaf.end() && (*at)->first == key) {
            leaf[static_cast<std::size_t>(at - leaf.begin())] = std::move(item);
        } else {
            leaf.insert(at, std::move(item));
            ++size_;
        }
    }

    void erase(std::string_view key) {
        if (find(key) == nullptr) return;
        Leaf& leaf = own_leaf(key);
        leaf.erase(place(leaf, key));
        --size_;
    }

    std::size_t size() const { return size_; }

    template <class Visit>
    void for_each(Visit visit) const {
        if (!root_) return;
        for (const auto& branch : *root_) {
            if (!branch) continue;
            for (const auto& leaf : *branch) {
                if (!leaf) continue;
                for (const auto& item : *leaf) visit(item->first, item->second);
            }
        }
    }

private:
    static constexpr std::size_t width = 64;
    using Item = std::pair<const std::string, const Value>;
    using Leaf = std::vector<std::shared_ptr<const Item>>;  // in the order of keys
    using Branch = std::array<std::shared_ptr<Leaf>, width>;
    using Root = std::array<std::shared_ptr<Branch>, width>;

    static std::size_t hash(std::string_view key) { return std::hash<std::string_view>{}(key); }

    static typename Leaf::const_iterator place(const Leaf& leaf, std::string_view key) {
        return std::lower_bound(leaf.begin(), leaf.end(), key, [](const auto& item, std::string_view wanted) {
            return item->first < wanted;
        });
    }

    const Leaf* leaf_of(std::string_view key) const {
        if (!root_) return nullptr;
        const std::size_t at = hash(key);
        const auto& branch = (*root_)[at % width];
        return branch ? (*branch)[at / width % width].get() : nullptr;
    }

    // A node that another copy shares is cloned; one that only this map has is changed in place.
    template <class Node>
    static Node& own(std::shared_ptr<Node>& node) {
        if (!node)
            node = std::make_shared<Node>();
        else if (node.use_count() > 1)
            node = std::make_shared<Node>(*node);
        return *node;
    }

    Leaf& own_leaf(std::string_view key) {
        const std::size_t at = hash(key);
        return own(own(own(root_)[at % width])[at / width % width]);
    }

    std::shared_ptr<Root> root_;
    std::size_t size_ = 0;
};

}  // namespace heliopost::directory
