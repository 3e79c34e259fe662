// Task<T>: a coroutine that waits. Asio's awaitable under the name that the code above net/ uses.
//
// A Task runs on one loop from its start to its end and only when something awaits or spawns it
// (task_group.h). Parameters go by value, the connection's state lives in members: style rule 15.
//
// What ends a wait without a value is an exception, caught once, at the connection or the worker:
// Gone, TimedOut, Stopped.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <stdexcept>
#include <string>

namespace heliopost::net {

template <class T = void>
using Task = boost::asio::awaitable<T, boost::asio::any_io_executor>;

// Nobody is left to tell: the peer closed, reset, or broke TLS.
struct Gone : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The wait's deadline passed.
struct TimedOut : std::runtime_error {
    TimedOut() : std::runtime_error("timed out") {}
};

// The task group was told to stop.
struct Stopped : std::runtime_error {
    Stopped() : std::runtime_error("stopped") {}
};

// A bounded queue of the server itself is full: answer "later".
struct Overloaded : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace heliopost::net
