// Event: something that tasks of one loop wait for, set by another task of the same loop.
//
// Not for other threads: they post to the loop (World::post) and set it there. Waiting costs one timer
// entry, setting wakes all who wait; it stays set until cleared.
#pragma once

#include <functional>
#include <list>

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

    // For Stream implementations: calls back once when set; the token takes it back.
    using Waiter = std::list<std::function<void()>>::iterator;
    Waiter add_waiter(std::function<void()> wake);
    void remove_waiter(Waiter waiter);

private:
    World& world_;
    bool set_ = false;
    std::list<std::function<void()>> waiters_;
};

}  // namespace heliopost::net
