// run_task: one task to its end on a loop that nothing else runs, from this thread.
//
// For commands, and for what must be loaded before the loops start. What the task throws comes out.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "net/system_world.h"
#include "net/task_group.h"

namespace heliopost {

namespace detail {

template <class T>
net::Task<void> run_and_stop(net::SystemWorld* world, net::Task<T> task, std::optional<T>* value,
                             std::exception_ptr* error) {
    try {
        value->emplace(co_await std::move(task));
    } catch (...) {
        *error = std::current_exception();
    }
    world->stop();
}

}  // namespace detail

template <class T>
T run_task(net::SystemWorld& world, net::Task<T> task) {
    std::optional<T> value;
    std::exception_ptr error;
    net::TaskGroup group(world, "command");
    group.spawn(detail::run_and_stop(&world, std::move(task), &value, &error));
    world.run();
    if (error) std::rethrow_exception(error);
    ASSERT(value.has_value());
    return *std::move(value);
}

}  // namespace heliopost
