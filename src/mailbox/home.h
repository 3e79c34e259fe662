// Work on an account's home loop, from any loop. Internal to mailbox/.
#pragma once

#include <functional>

#include "mailbox/core.h"
#include "net/hop.h"

namespace heliopost::mailbox {

template <class T>
using Work = std::move_only_function<net::Task<Result<T>>(Core*)>;

template <class T>
net::Task<Result<T>> with_turn(std::shared_ptr<Core> core, Work<T> work) {
    const Turn::Held held = CO_TRY(co_await core->turn.take());
    if (core->erased) co_return fail(Fault::not_found, "the account was removed");
    co_return co_await work(core.get());
}

// On the home loop, with the account's turn.
template <class T>
net::Task<Result<T>> in_turn(std::shared_ptr<Core> core, Work<T> work) {
    return net::run_on(&core->home, with_turn<T>(core, std::move(work)));
}

}  // namespace heliopost::mailbox
