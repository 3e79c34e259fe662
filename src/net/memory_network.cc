#include <algorithm>
#include <exception>

#include "base/assert.h"
#include "net/memory_stream.h"
#include "net/memory_world.h"
#include "net/task_group.h"

namespace heliopost::net {
namespace {

constexpr std::uint64_t spread = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio: consecutive seeds land far apart

// Handlers within one instant; more is a loop that never waits for time.
constexpr std::uint64_t handlers_per_instant_max = 50'000'000;

struct Run {
    bool done = false;
    std::exception_ptr error;
};

Task<void> run_to_end(Task<void> task, Run* run) {
    try {
        co_await std::move(task);
    } catch (...) {
        run->error = std::current_exception();
    }
    run->done = true;
}

}  // namespace

MemoryNetwork::MemoryNetwork(std::uint64_t seed, Time start)
    : seed_(seed), start_(start), io_(1), timers_(&last_timer_) {}

MemoryNetwork::~MemoryNetwork() {
    for (const auto& host : hosts_) host->crash();
    poll();
    timers_.clear();
}

MemoryWorld& MemoryNetwork::add_host(std::string name, std::vector<std::string> addresses, Log::Sink sink) {
    std::vector<IpAddress> parsed;
    for (const std::string& address : addresses) parsed.push_back(boost::asio::ip::make_address(address));
    hosts_.push_back(std::make_unique<MemoryWorld>(*this, std::move(name), std::move(parsed),
                                                   (seed_ * spread + hosts_.size()) * spread,
                                                   std::move(sink)));
    return *hosts_.back();
}

MemoryWorld& MemoryNetwork::restart(const MemoryWorld& crashed, Log::Sink sink) {
    ASSERT(crashed.crashed());
    hosts_.push_back(std::make_unique<MemoryWorld>(*this, crashed.name(), crashed.addresses(),
                                                   (seed_ * spread + hosts_.size()) * spread,
                                                   std::move(sink)));
    hosts_.back()->set_clock(crashed.clock_ahead());
    return *hosts_.back();
}

void MemoryNetwork::poll() {
    std::uint64_t handlers = 0;
    io_.restart();
    while (!is_held() && io_.poll_one() > 0) {
        ASSERT(++handlers < handlers_per_instant_max);
        if (++turns_ < pause_at_) continue;
        pause_at_ = UINT64_MAX;
        paused_ = true;
    }
}

// Moves the clock to the next timer and runs those of that instant; false when none is due by the limit,
// which the clock then shows.
bool MemoryNetwork::advance(Instant limit) {
    const auto earliest = [this]() -> std::pair<TimerHeap*, std::pair<Instant, TimerHeap::Id>> {
        TimerHeap* heap = nullptr;
        std::pair<Instant, TimerHeap::Id> first{Instant::max(), 0};
        const auto look = [&](TimerHeap& candidate) {
            const auto next = candidate.first();
            if (!next || (heap != nullptr && first < *next)) return;
            heap = &candidate;
            first = *next;
        };
        look(timers_);
        for (const auto& host : hosts_) look(host->timers_);
        return {heap, first};
    };
    auto [heap, first] = earliest();
    if (heap == nullptr || first.first > limit) {
        tick_ = std::max(tick_, limit);
        return false;
    }
    tick_ = std::max(tick_, first.first);
    while (heap != nullptr && first.first <= tick_ && !is_held()) {
        note(first.second, 0, 0);
        heap->take_first()();
        poll();
        std::tie(heap, first) = earliest();
    }
    return true;
}

bool MemoryNetwork::run_until(const std::function<bool()>& predicate, std::chrono::microseconds limit) {
    const Instant end = tick_ + limit;
    for (;;) {
        poll();
        if (predicate()) return true;
        if (is_held() || !advance(end)) return predicate();
    }
}

void MemoryNetwork::run_for(std::chrono::microseconds time) {
    run_until([] { return false; }, time);
}

void MemoryNetwork::finish_turns() {
    const bool outer = std::exchange(in_run_, true);
    poll();
    in_run_ = outer;
}

bool MemoryNetwork::run(MemoryWorld& host, Task<void> task, std::chrono::microseconds limit) {
    Run run;
    const bool outer = std::exchange(in_run_, true);
    TaskGroup group(host, "run");
    group.spawn(run_to_end(std::move(task), &run));
    run_until([&run] { return run.done; }, limit);
    const bool done = run.done;
    group.stop();
    run_until([&group] { return group.size() == 0; }, std::chrono::seconds(0));
    in_run_ = outer;
    if (done && run.error) std::rethrow_exception(run.error);
    return done;
}

std::vector<MemoryLink> MemoryNetwork::links() const {
    std::vector<MemoryLink> open;
    for (const auto& [id, connection] : connections_)
        if (!connection->end(0).closed || !connection->end(1).closed) open.push_back(connection->link());
    return open;
}

void MemoryNetwork::cut(std::uint64_t link) {
    const auto found = connections_.find(link);
    if (found == connections_.end()) return;
    for (const int side : {0, 1}) found->second->break_end(side, "connection reset");
}

void MemoryNetwork::mute(std::uint64_t link) {
    const auto found = connections_.find(link);
    if (found != connections_.end()) found->second->mute();
}

void MemoryNetwork::partition(const std::string& host_a, const std::string& host_b, bool apart) {
    if (apart) {
        apart_.insert(std::minmax(host_a, host_b));
        return;
    }
    apart_.erase(std::minmax(host_a, host_b));
    std::vector<std::shared_ptr<MemoryConnection>> connections;
    for (const auto& [id, connection] : connections_) connections.push_back(connection->shared_from_this());
    for (const auto& connection : connections)
        for (const int side : {0, 1}) connection->pump(side);
}

void MemoryNetwork::call_at(Instant when, std::move_only_function<void()> work) {
    timers_.add(when, std::move(work));
}

MemoryWorld* MemoryNetwork::host_at(const IpAddress& address) const {
    MemoryWorld* found = nullptr;  // the latest incarnation
    for (const auto& host : hosts_)
        if (std::ranges::find(host->addresses(), address) != host->addresses().end()) found = host.get();
    return found;
}

bool MemoryNetwork::apart(const std::string& host_a, const std::string& host_b) const {
    return !apart_.empty() && apart_.contains(std::minmax(host_a, host_b));
}

void MemoryNetwork::note(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    for (const std::uint64_t part : {static_cast<std::uint64_t>(tick_.time_since_epoch().count()), a, b, c})
        event_hash_ = (event_hash_ ^ part) * spread + (event_hash_ >> 29);
}

}  // namespace heliopost::net
