// Work on an account's home loop, from any loop. Internal to mailbox/.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>

#include "mailbox/core.h"

namespace heliopost::mailbox {

template <class T>
net::Task<T> without_throwing(net::Task<T> task) {
    // net's waits throw Stopped themselves, as in a TaskGroup.
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    co_return co_await std::move(task);
}

// Runs the task on the world's loop and goes on here. Its owner is the caller, who waits for it.
template <class T>
net::Task<T> run_on(net::World* world, net::Task<T> task) {
    const auto here = co_await boost::asio::this_coro::executor;
    const auto there = world->executor();
    if (here == there) co_return co_await std::move(task);
    co_return co_await boost::asio::co_spawn(there, without_throwing(std::move(task)),
                                             boost::asio::use_awaitable);
}

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
    return run_on(&core->home, with_turn<T>(core, std::move(work)));
}

}  // namespace heliopost::mailbox
