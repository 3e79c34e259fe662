#include "net/task_group.h"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <list>

#include "base/assert.h"
#include "net/event.h"
#include "net/wait.h"
#include "net/world.h"

namespace heliopost::net {

namespace asio = boost::asio;

struct TaskGroup::State {
    struct Entry {
        asio::cancellation_signal signal;
        std::uint64_t number = 0;  // of Turns::add_task; 0 before the task has started
    };
    using Place = std::list<Entry>::iterator;

    State(World& in, std::string named) : world(in), turns(in.turns()), name(std::move(named)), idle(in) {}

    void remove(Place place) {
        if (place->number != 0) turns->remove_task(place->number);
        entries.erase(place);
        if (entries.empty()) idle.set();
    }
    static Task<void> run(std::shared_ptr<State> state, Place place, Task<void> task);

    World& world;
    std::shared_ptr<Turns> turns;
    std::string name;
    std::list<Entry> entries;
    bool stopping = false;
    Event idle;
};

namespace {

// What co_spawn calls at the end of a task, or destroys with the task's frames when the host has crashed.
template <class State>
class Done {
public:
    Done(std::shared_ptr<State> state, typename State::Place place)
        : state_(std::move(state)), place_(place) {}
    Done(Done&& other) noexcept : state_(std::move(other.state_)), place_(other.place_) {}
    Done& operator=(Done&&) = delete;
    ~Done() {
        if (state_) state_->remove(place_);
    }
    void operator()(const std::exception_ptr& /*run() catches what a task throws*/) {}

    // Asio finds the slot here. Not bind_cancellation_slot: outside the loop co_spawn (1.81) then posts the
    // signal by a raw pointer, which the task's end may free before it arrives.
    using cancellation_slot_type = asio::cancellation_slot;
    cancellation_slot_type get_cancellation_slot() const noexcept { return place_->signal.slot(); }

private:
    std::shared_ptr<State> state_;
    typename State::Place place_;
};

}  // namespace

Task<void> TaskGroup::State::run(std::shared_ptr<State> state, Place place, Task<void> task) {
    // Until here a signal must not come: co_spawn (1.81) would throw it out of the loop. After it, a Wait
    // throws Stopped itself.
    co_await asio::this_coro::throw_if_cancelled(false);
    place->number = state->turns->add_task(place->signal);
    co_await next_turn(&state->world);
    if (state->stopping) co_return;
    try {
        co_await std::move(task);
    } catch (const Gone&) {
    } catch (const TimedOut&) {
    } catch (const Stopped&) {
    } catch (const Overloaded& error) {
        state->world.log().warning("task.overloaded", {{"group", state->name}, {"reason", error.what()}});
    } catch (const std::exception& error) {
        state->world.log().error("task.failed", {{"group", state->name}, {"reason", error.what()}});
    }
}

TaskGroup::TaskGroup(World& world, std::string name)
    : state_(std::make_shared<State>(world, std::move(name))) {}

TaskGroup::~TaskGroup() {
    ASSERT(state_->entries.empty() || state_->turns->abandoned());
}

void TaskGroup::spawn(Task<void> task) {
    if (state_->stopping) return;
    state_->idle.clear();
    const State::Place place = state_->entries.emplace(state_->entries.end());
    asio::co_spawn(state_->world.executor(), State::run(state_, place, std::move(task)),
                   Done<State>(state_, place));
}

size_t TaskGroup::size() const {
    return state_->entries.size();
}

void TaskGroup::stop() {
    state_->stopping = true;
    for (State::Entry& entry : state_->entries)
        if (entry.number != 0) entry.signal.emit(asio::cancellation_type::terminal);
}

bool TaskGroup::stopping() const {
    return state_->stopping;
}

Task<bool> TaskGroup::join(Deadline deadline) {
    const std::shared_ptr<State> state = state_;
    while (!state->entries.empty()) {
        const bool ended = co_await state->idle.wait(deadline);
        if (!ended) co_return state->entries.empty();
    }
    co_return true;
}

}  // namespace heliopost::net
