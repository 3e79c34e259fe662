// Wait: one suspension of one task, the primitive under every wait in net/.
//
// Lives in the frame of the coroutine that waits. Whoever it waits for calls end(), once or more: the
// first counts, and the task resumes in a later turn of its loop. A stopped task group ends it with
// `stopped`; a task that was stopped before it waits does not suspend at all.
// Only for net/ itself and for implementations of its interfaces; one loop, no locks.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/time.h"
#include "net/task.h"

namespace heliopost::net {

class Wait;
class World;

// The tasks and the ended waits of one loop.
class Turns : public std::enable_shared_from_this<Turns> {
public:
    explicit Turns(World& world) : world_(&world) {}

    // The host has crashed (simulator), or its loop is going away: no wait ever ends again, and every task's
    // frames are destroyed in later turns, the youngest task first, so that owners outlive what they own.
    void abandon();
    bool abandoned() const { return abandoned_; }

    std::uint64_t add_task(boost::asio::cancellation_signal& signal);
    void remove_task(std::uint64_t task) { tasks_.erase(task); }

private:
    friend class Wait;
    void make_ready(Wait& wait);
    void unlink(Wait& wait);
    void drain();

    World* world_;
    bool abandoned_ = false;
    bool drain_posted_ = false;
    std::uint64_t last_task_ = 0;
    std::map<std::uint64_t, boost::asio::cancellation_signal*> tasks_;  // in the order of their start
    Wait* first_ready_ = nullptr;
    Wait* last_ready_ = nullptr;
    size_t ready_ = 0;
};

class Wait {
public:
    enum class End : std::uint8_t { ready, timed_out, stopped };

    explicit Wait(World& world);
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    void end(End how = End::ready);

    // As end(), but resumes the task inside this call: only for the loop's own callbacks, where no task runs.
    void end_now(End how);

    // Waits for end(), without or with a deadline of its own. Deadline::max() is never.
    Task<End> suspend();
    Task<End> until(Deadline deadline);

    // Suspends even if end() was called before, so that the loop has a turn in between.
    Task<End> hand_over();

private:
    friend class Turns;
    using Resume = std::move_only_function<void(End)>;
    void begin(Resume resume, boost::asio::cancellation_slot slot);
    void cancelled();
    void resume();

    World& world_;
    std::shared_ptr<Turns> turns_;
    bool ended_ = false;
    End how_ = End::ready;
    Resume resume_;
    boost::asio::cancellation_slot slot_;
    std::uint64_t timer_ = 0;
    Wait* next_ = nullptr;  // in the list of ended waits
    Wait* before_ = nullptr;
    bool linked_ = false;
};

// Names a Wait to whoever will end it, for as long as this lives.
class WaitPlace {
public:
    WaitPlace(Wait** place, Wait* wait) : place_(place) { *place = wait; }
    ~WaitPlace() { *place_ = nullptr; }
    WaitPlace(const WaitPlace&) = delete;
    WaitPlace& operator=(const WaitPlace&) = delete;

private:
    Wait** place_;
};

// For streams: throws Stopped or TimedOut, or returns.
inline void throw_unless_ready(Wait::End how) {
    if (how == Wait::End::stopped) throw Stopped();
    if (how == Wait::End::timed_out) throw TimedOut();
}

// True inside a task whose group was stopped.
Task<bool> is_stopped();

// Lets the other tasks of the loop run once.
Task<void> next_turn(World* world);

}  // namespace heliopost::net
