// TestWorld: a World over one io_context, for this folder's tests; several may run on their own threads.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <random>

#include "base/assert.h"
#include "net/world.h"

namespace heliopost::store {

class TestWorld final : public net::World {
public:
    boost::asio::io_context loop{1};

    Time now() const override {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) + ahead;
    }
    Instant tick() const override {
        return Instant(std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now().time_since_epoch()));
    }
    boost::asio::any_io_executor executor() override { return loop.get_executor(); }

    void post(std::move_only_function<void()> work) override {
        boost::asio::post(loop, [work = std::move(work)]() mutable { work(); });
    }

    TimerId call_at(Instant when, std::move_only_function<void()> work) override {
        auto timer = std::make_shared<boost::asio::steady_timer>(loop, when - tick());
        timer->async_wait([timer, work = std::move(work)](boost::system::error_code error) mutable {
            if (!error) work();
        });
        return ++timers_;
    }
    void cancel(TimerId) noexcept override {}

    void random(std::span<std::byte> into) override {
        for (std::byte& octet : into) octet = static_cast<std::byte>(std::random_device{}());
    }
    net::Resolver& resolver() override { std::abort(); }
    net::Task<std::unique_ptr<net::Stream>> dial(net::Endpoint, net::DialOptions, Deadline) override {
        std::abort();
    }
    Result<std::unique_ptr<net::Listener>> listen(net::Endpoint, net::ListenOptions) override {
        std::abort();
    }
    const Log& log() const override { std::abort(); }

    // Runs the task to its end and gives what it returned, or throws what it threw.
    template <class T>
    T run(net::Task<T> task) {
        std::optional<T> value;
        std::exception_ptr error;
        boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr e, T v) {
            error = e;
            if (!e) value.emplace(std::move(v));
        });
        loop.restart();
        loop.run();
        if (error) std::rethrow_exception(error);
        ASSERT(value.has_value());
        return *std::move(value);
    }

    std::chrono::hours ahead{0};  // moves the time of day

protected:
    void run_on_pool(std::move_only_function<void()> work) override { post(std::move(work)); }

private:
    TimerId timers_ = 0;
};

}  // namespace heliopost::store
