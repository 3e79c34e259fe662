// Program::run: one task to its end on the first loop, from the main thread.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "main/program.h"

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
T Program::run(net::Task<T> task) {
    std::optional<T> value;
    std::exception_ptr error;
    drive(detail::run_and_stop(&world(), std::move(task), &value, &error));
    if (error) std::rethrow_exception(error);
    ASSERT(value.has_value());
    return *std::move(value);
}

}  // namespace heliopost
