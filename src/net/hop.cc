#include "net/hop.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "net/wait.h"

namespace heliopost::net {

namespace asio = boost::asio;

namespace {

// Touched on the task's loop only, but for `thrown` once the task has ended.
struct Hop {
    asio::any_io_executor there;
    asio::cancellation_signal signal;
    bool started = false;
    bool stopping = false;
    std::exception_ptr thrown;

    void stop() {
        stopping = true;
        // Before the start co_spawn (1.81) would throw the signal out of the loop.
        if (started) signal.emit(asio::cancellation_type::terminal);
    }
};

// What co_spawn calls at the task's end.
class Landed {
public:
    Landed(std::shared_ptr<Hop> hop, std::move_only_function<void()> go_back)
        : hop_(std::move(hop)), go_back_(std::move(go_back)) {}
    void operator()(const std::exception_ptr& /*run_hop() catches what the task throws*/) { go_back_(); }

    // As in TaskGroup: Asio finds the slot here, and a signal takes no detour through the loop.
    using cancellation_slot_type = asio::cancellation_slot;
    cancellation_slot_type get_cancellation_slot() const noexcept { return hop_->signal.slot(); }

private:
    std::shared_ptr<Hop> hop_;
    std::move_only_function<void()> go_back_;
};

Task<void> run_hop(std::shared_ptr<Hop> hop, Task<void> task) {
    co_await asio::this_coro::throw_if_cancelled(false);  // net's waits throw Stopped themselves
    hop->started = true;
    try {
        if (hop->stopping) throw Stopped();
        co_await std::move(task);
    } catch (...) {
        hop->thrown = std::current_exception();
    }
}

}  // namespace

Task<void> run_there(asio::any_io_executor there, Task<void> task) {
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    const asio::any_io_executor here = co_await asio::this_coro::executor;
    const auto hop = std::make_shared<Hop>();
    hop->there = std::move(there);
    auto begin = [hop, here, task = std::move(task)](auto handler) mutable {
        asio::cancellation_slot slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            slot.assign([weak = std::weak_ptr<Hop>(hop)](asio::cancellation_type) {
                if (const auto on_way = weak.lock()) asio::post(on_way->there, [on_way] { on_way->stop(); });
            });
        std::move_only_function<void()> go_back = [here, slot, resume = std::move(handler)]() mutable {
            asio::post(here, [slot, resume = std::move(resume)]() mutable {
                if (slot.is_connected()) slot.clear();
                std::move(resume)();
            });
        };
        asio::post(hop->there, [hop, task = std::move(task), go_back = std::move(go_back)]() mutable {
            asio::co_spawn(hop->there, run_hop(hop, std::move(task)), Landed(hop, std::move(go_back)));
        });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<asio::any_io_executor>, void()>(
        std::move(begin), asio::use_awaitable);
    // Taken out, so that the exception ends on this loop alone.
    if (hop->thrown) std::rethrow_exception(std::exchange(hop->thrown, nullptr));
}

}  // namespace heliopost::net
