// Running: one task among several of the same work, counted from before its start to the end of its frame.
//
//   struct Work { std::size_t running = 0; net::Event done; ... };
//   tasks.spawn(look(net::Running(work)));
//   co_await work->done.wait(deadline);
//
// The tasks share the work, so that it outlives whoever waits for them. Who starts several holds one himself
// meanwhile, or the first may be the last. All on one loop.
#pragma once

#include <memory>
#include <utility>

namespace heliopost::net {

template <class Work>
class Running {
public:
    explicit Running(std::shared_ptr<Work> work) : work_(std::move(work)) { ++work_->running; }
    Running(Running&&) noexcept = default;
    Running& operator=(Running&&) = delete;
    ~Running() {
        if (work_ != nullptr && --work_->running == 0) work_->done.set();
    }
    Work* operator->() const { return work_.get(); }
    Work* get() const { return work_.get(); }

private:
    std::shared_ptr<Work> work_;
};

}  // namespace heliopost::net
