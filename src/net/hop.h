// run_on(): a task on the loop of another World, awaited on this one.
//
//   const auto row = co_await run_on(&account.home, read_row(key));
//
// The caller waits to the task's end, so the task may use what the caller owns. Its result or exception comes
// out of the await. When the caller's group stops, the task's waits end with Stopped, on the task's own loop;
// a caller that was stopped before gets Stopped and the task never starts. Both Worlds must run until it is
// back.
//
// In place of co_spawn with use_awaitable: in Boost.Asio 1.81 its cancellation crosses the loops unguarded.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/assert.h"
#include "net/task.h"
#include "net/world.h"

namespace heliopost::net {

// run_on() without the short way for one and the same loop, and without a result.
Task<void> run_there(boost::asio::any_io_executor there, Task<void> task);

template <class T>
Task<void> keep_result(Task<T> task, std::optional<T>* place) {
    place->emplace(co_await std::move(task));
}

template <class T>
Task<T> run_on(World* world, Task<T> task) {
    const boost::asio::any_io_executor here = co_await boost::asio::this_coro::executor;
    boost::asio::any_io_executor there = world->executor();
    if (here == there) co_return co_await std::move(task);
    if constexpr (std::is_void_v<T>) {
        co_await run_there(std::move(there), std::move(task));
    } else {
        std::optional<T> place;
        co_await run_there(std::move(there), keep_result(std::move(task), &place));
        ASSERT(place.has_value());
        co_return *std::move(place);
    }
}

}  // namespace heliopost::net
