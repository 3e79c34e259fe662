#include "mailbox/turn.h"

namespace heliopost::mailbox {
namespace {

struct Waiter {
    explicit Waiter(net::World& world) : event(world) {}
    net::Event event;
    bool given = false;
};

}  // namespace

struct Turn::State {
    explicit State(net::World& w) : world(w) {}

    void give_on() {
        taken = !waiters.empty();
        if (!taken) return;
        const std::shared_ptr<Waiter> next = std::move(waiters.front());
        waiters.pop_front();
        next->given = true;
        next->event.set();
    }

    net::World& world;
    bool taken = false;
    std::deque<std::shared_ptr<Waiter>> waiters;
};

Turn::Held::~Held() {
    if (state_) state_->give_on();
}

Turn::Turn(net::World& world) : state_(std::make_shared<State>(world)) {}

namespace {

// Leaves the queue, or gives on a turn that came too late, when the wait ends by deadline or stop.
template <class State>
class Place {
public:
    explicit Place(std::shared_ptr<State> state)
        : state_(std::move(state)), waiter_(std::make_shared<Waiter>(state_->world)) {
        state_->waiters.push_back(waiter_);
    }
    ~Place() {
        if (kept_) return;
        if (waiter_->given) {
            state_->give_on();
        } else {
            std::erase(state_->waiters, waiter_);
        }
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    net::Event& event() { return waiter_->event; }
    bool keep() { return kept_ = waiter_->given; }

private:
    std::shared_ptr<State> state_;
    std::shared_ptr<Waiter> waiter_;
    bool kept_ = false;
};

}  // namespace

net::Task<Result<Turn::Held>> Turn::take() {
    const std::shared_ptr<State> state = state_;
    if (!std::exchange(state->taken, true)) co_return Held(state);
    if (state->waiters.size() >= turn_waiters_max)
        co_return fail(Fault::temporary, "too many changes of this account at once");
    Place<State> place(state);
    co_await place.event().wait(state->world.after(turn_wait_max));
    if (!place.keep()) co_return fail(Fault::temporary, "this account is busy");
    co_return Held(state);
}

}  // namespace heliopost::mailbox
