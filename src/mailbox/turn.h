// Turn: one at a time among the tasks of one loop; who waits longest is next.
//
//   const Turn::Held held = CO_TRY(co_await turn.take());
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "base/result.h"
#include "net/event.h"
#include "net/task.h"
#include "net/world.h"

namespace heliopost::mailbox {

inline constexpr std::size_t turn_waiters_max = 1'000;    // changes of one account that wait
inline constexpr std::chrono::seconds turn_wait_max{60};  // past both: Fault::temporary

class Turn {
    struct State;

public:
    // Gives the turn on with its destructor, on the loop.
    class Held {
    public:
        explicit Held(std::shared_ptr<State> state) : state_(std::move(state)) {}
        Held(Held&&) noexcept = default;
        Held& operator=(Held&&) = delete;
        ~Held();

    private:
        std::shared_ptr<State> state_;
    };

    explicit Turn(net::World& world);

    net::Task<Result<Held>> take();

private:
    std::shared_ptr<State> state_;
};

}  // namespace heliopost::mailbox
