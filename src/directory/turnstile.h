// Turnstile: lets coroutines of any loop through one at a time, in the order in which they came.
//
// So that the changes of one process do not run into each other's conditions. The wait has no end of its
// own: it is as long as the changes before it, whose number is limited.
#pragma once

#include <deque>
#include <mutex>
#include <utility>

#include "net/task.h"
#include "store/completion.h"

namespace heliopost::directory {

class Turnstile {
public:
    // Who holds it is inside. It must not outlive the turnstile.
    class Turn {
    public:
        explicit Turn(Turnstile* at) : at_(at) {}
        Turn(Turn&& other) noexcept : at_(std::exchange(other.at_, nullptr)) {}
        Turn& operator=(Turn&&) = delete;
        ~Turn() {
            if (at_ != nullptr) at_->leave();
        }
        explicit operator bool() const { return at_ != nullptr; }

    private:
        Turnstile* at_;
    };

    explicit Turnstile(std::size_t waiting_max) : waiting_max_(waiting_max) {}

    // An empty turn where too many wait.
    net::Task<Turn> enter() {
        const bool entered =
            co_await store::wait_for<bool>([this](store::Completion<bool> go_on) { come(std::move(go_on)); });
        co_return Turn(entered ? this : nullptr);
    }

private:
    void come(store::Completion<bool> go_on) {
        const std::lock_guard lock(mutex_);
        if (!taken_) {
            taken_ = true;
            go_on(true);
        } else if (waiting_.size() >= waiting_max_) {
            go_on(false);
        } else {
            waiting_.push_back(std::move(go_on));
        }
    }
    void leave() {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) {
            taken_ = false;
            return;
        }
        waiting_.front()(true);
        waiting_.pop_front();
    }

    std::size_t waiting_max_;
    std::mutex mutex_;
    bool taken_ = false;
    std::deque<store::Completion<bool>> waiting_;
};

}  // namespace heliopost::directory
