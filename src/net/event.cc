#include "net/event.h"

#include "net/wait.h"

namespace heliopost::net {

void Event::set() {
    set_ = true;
    for (std::function<void()>& waiter : waiters_)
        if (waiter) std::exchange(waiter, nullptr)();
}

Event::Waiter Event::add_waiter(std::function<void()> wake) {
    return waiters_.insert(waiters_.end(), std::move(wake));
}

void Event::remove_waiter(Waiter waiter) {
    waiters_.erase(waiter);
}

Task<bool> Event::wait(Deadline deadline) {
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    if (set_) co_return true;

    Wait wait(world_);
    const EventWaiter waiter(this, [&wait] { wait.end(); });
    const Wait::End how = co_await wait.until(deadline);
    if (how == Wait::End::stopped) throw Stopped();
    co_return how == Wait::End::ready;
}

}  // namespace heliopost::net
