// TimerHeap: what is to be called when, in the order of time and, within one instant, of adding.
//
// Adding and taking cost a logarithm, cancelling nothing but a place that is freed later. One loop, no locks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"

namespace heliopost::net {

class TimerHeap {
public:
    using Id = std::uint64_t;
    using Work = std::move_only_function<void()>;

    // Ids come from the counter, which several heaps may share to have one order.
    explicit TimerHeap(Id* counter) : counter_(*counter) {}

    Id add(Instant when, Work work);
    void cancel(Id timer) noexcept;
    void clear();
    size_t size() const { return work_.size(); }

    // The first one, and its work taken off; nothing when the heap is empty.
    std::optional<std::pair<Instant, Id>> first();
    Work take_first();

private:
    using Entry = std::pair<Instant, Id>;
    void drop_cancelled();

    Id& counter_;
    std::vector<Entry> heap_;  // smallest first; with cancelled ones
    std::unordered_map<Id, Work> work_;
};

}  // namespace heliopost::net
