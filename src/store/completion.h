// Completion<T>: how another thread, or a later turn, gives a coroutine what it waits for. Internal.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>

#include "net/task.h"

namespace heliopost::store {

// Called once, from any thread; the coroutine goes on in a later turn of its own loop.
template <class T>
using Completion = std::move_only_function<void(T)>;

// Waits for the completion that start is given.
template <class T, class Start>
net::Task<T> wait_for(Start start) {
    namespace asio = boost::asio;
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(T)>(
        [&start](auto handler) {
            auto executor = asio::prefer(asio::get_associated_executor(handler),
                                         asio::execution::outstanding_work.tracked);
            start(Completion<T>(
                [handler = std::move(handler), executor = std::move(executor)](T value) mutable {
                    asio::post(executor, [handler = std::move(handler), value = std::move(value)]() mutable {
                        std::move(handler)(std::move(value));
                    });
                }));
        },
        asio::use_awaitable);
}

}  // namespace heliopost::store
