// Event: something that tasks of one loop wait for, set by another task of the same loop.
//
// Not for other threads: they post to the loop (World::post) and set it there. Waiting costs one timer
// entry, setting wakes all who wait; it stays set until cleared.
#pragma once

#include <functional>
#include <list>
#include <utility>

#include "base/time.h"
#include "net/task.h"

namespace heliopost::net {

class World;

class Event {
public:
    explicit Event(World& world) : world_(world) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    void set();
    void clear() { set_ = false; }
    bool is_set() const { return set_; }

    // True when set, false when the deadline passed first. Throws Stopped.
    Task<bool> wait(Deadline deadline);

    // For Stream implementations, and to set another event by this one: calls back once, at the next set(),
    // which the caller has looked for with is_set() first. The callback changes no waiter. The token must be
    // taken back, called or not.
    using Waiter = std::list<std::function<void()>>::iterator;
    Waiter add_waiter(std::function<void()> wake);
    void remove_waiter(Waiter waiter);

private:
    World& world_;
    bool set_ = false;
    std::list<std::function<void()>> waiters_;
};

// A waiter for as long as this lives.
class EventWaiter {
public:
    EventWaiter(Event* event, std::function<void()> wake)
        : event_(event), waiter_(event->add_waiter(std::move(wake))) {}
    ~EventWaiter() { event_->remove_waiter(waiter_); }
    EventWaiter(const EventWaiter&) = delete;
    EventWaiter& operator=(const EventWaiter&) = delete;

private:
    Event* event_;
    Event::Waiter waiter_;
};

}  // namespace heliopost::net
