#include "net/timer_heap.h"

#include <algorithm>

#include "base/assert.h"

namespace heliopost::net {

TimerHeap::Id TimerHeap::add(Instant when, Work work) {
    const Id timer = ++counter_;
    work_.emplace(timer, std::move(work));
    heap_.emplace_back(when, timer);
    std::ranges::push_heap(heap_, std::greater{});
    return timer;
}

void TimerHeap::cancel(Id timer) noexcept {
    if (work_.erase(timer) == 0) return;
    // Streams move their deadlines all the time: cancelled ones never hold more than half of the heap.
    constexpr size_t cancelled_min = 64;
    if (heap_.size() < 2 * work_.size() + cancelled_min) return;
    std::erase_if(heap_, [this](const Entry& entry) { return !work_.contains(entry.second); });
    std::ranges::make_heap(heap_, std::greater{});
}

void TimerHeap::clear() {
    heap_.clear();
    work_.clear();
}

void TimerHeap::drop_cancelled() {
    while (!heap_.empty() && !work_.contains(heap_.front().second)) {
        std::ranges::pop_heap(heap_, std::greater{});
        heap_.pop_back();
    }
}

std::optional<std::pair<Instant, TimerHeap::Id>> TimerHeap::first() {
    drop_cancelled();
    if (heap_.empty()) return std::nullopt;
    return heap_.front();
}

TimerHeap::Work TimerHeap::take_first() {
    drop_cancelled();
    ASSERT(!heap_.empty());
    const auto found = work_.find(heap_.front().second);
    Work work = std::move(found->second);
    work_.erase(found);
    std::ranges::pop_heap(heap_, std::greater{});
    heap_.pop_back();
    return work;
}

}  // namespace heliopost::net
