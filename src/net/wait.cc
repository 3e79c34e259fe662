#include "net/wait.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/assert.h"
#include "net/world.h"

namespace heliopost::net {

namespace asio = boost::asio;

void Turns::abandon() {
    if (abandoned_) return;
    abandoned_ = true;
    // Each signal reaches the task's Wait, which drops its coroutine; Asio destroys the frames in later turns
    // in the order of these calls.
    for (auto task = tasks_.rbegin(); task != tasks_.rend(); ++task)
        task->second->emit(asio::cancellation_type::terminal);
}

std::uint64_t Turns::add_task(asio::cancellation_signal& signal) {
    tasks_.emplace(++last_task_, &signal);
    return last_task_;
}

void Turns::make_ready(Wait& wait) {
    wait.linked_ = true;
    wait.before_ = last_ready_;
    wait.next_ = nullptr;
    (last_ready_ != nullptr ? last_ready_->next_ : first_ready_) = &wait;
    last_ready_ = &wait;
    ++ready_;
    if (drain_posted_) return;
    drain_posted_ = true;
    asio::post(world_->executor(), [self = shared_from_this()] { self->drain(); });
}

void Turns::unlink(Wait& wait) {
    if (!wait.linked_) return;
    wait.linked_ = false;
    --ready_;
    (wait.before_ != nullptr ? wait.before_->next_ : first_ready_) = wait.next_;
    (wait.next_ != nullptr ? wait.next_->before_ : last_ready_) = wait.before_;
}

// Resumes what had ended when the turn began; what ends meanwhile has its turn after the loop has looked at
// its sockets again, so that tasks that feed each other shut nobody out.
void Turns::drain() {
    drain_posted_ = false;
    for (size_t left = ready_; left > 0 && first_ready_ != nullptr && !abandoned_; --left)
        first_ready_->resume();
}

Wait::Wait(World& world) : world_(world), turns_(world.turns()) {}

Wait::~Wait() {
    turns_->unlink(*this);
    if (slot_.is_connected()) slot_.clear();
    if (timer_ != 0) world_.cancel(timer_);
}

void Wait::end(End how) {
    if (std::exchange(ended_, true)) return;
    how_ = how;
    if (resume_) turns_->make_ready(*this);
}

void Wait::end_now(End how) {
    if (std::exchange(ended_, true)) return;
    how_ = how;
    if (resume_) resume();
}

void Wait::begin(Resume resume, asio::cancellation_slot slot) {
    if (turns_->abandoned()) return;  // dropping the coroutine has its frames destroyed in a later turn
    resume_ = std::move(resume);
    slot_ = slot;
    if (slot_.is_connected()) slot_.assign([this](asio::cancellation_type) { cancelled(); });
    if (ended_) turns_->make_ready(*this);
}

void Wait::cancelled() {
    if (!turns_->abandoned()) return end(End::stopped);
    turns_->unlink(*this);
    const Resume dropped = std::move(resume_);
}

void Wait::resume() {
    turns_->unlink(*this);
    if (slot_.is_connected()) slot_.clear();
    Resume resume = std::move(resume_);
    resume_ = nullptr;
    resume(how_);  // may destroy this
}

Task<Wait::End> Wait::suspend() {
    if (!turns_->abandoned()) {
        if (ended_) co_return how_;
        const bool stopped = co_await is_stopped();
        if (stopped) co_return End::stopped;
    }
    const End how = co_await hand_over();
    co_return how;
}

Task<Wait::End> Wait::hand_over() {
    auto begin_wait = [this](auto handler) {
        const asio::cancellation_slot slot = asio::get_associated_cancellation_slot(handler);
        begin(std::move(handler), slot);
    };
    return asio::async_initiate<const asio::use_awaitable_t<asio::any_io_executor>, void(End)>(
        std::move(begin_wait), asio::use_awaitable);
}

Task<Wait::End> Wait::until(Deadline deadline) {
    if (deadline != Deadline::max())
        timer_ = world_.call_at(deadline, [this] {
            timer_ = 0;
            end(End::timed_out);
        });
    const End how = co_await suspend();
    if (timer_ != 0) world_.cancel(std::exchange(timer_, 0));
    co_return how;
}

Task<bool> is_stopped() {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

Task<void> next_turn(World* world) {
    Wait wait(*world);
    wait.end();
    co_await wait.hand_over();
}

}  // namespace heliopost::net
