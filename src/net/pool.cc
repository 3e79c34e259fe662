#include "net/pool.h"

#include <csignal>

#include "net/task.h"

namespace heliopost::net {

Pool::Pool(size_t threads) {
    // Signals are for the main thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Pool::~Pool() {
    join();
}

void Pool::join() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void Pool::run(std::move_only_function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() >= pool_jobs_max) throw Overloaded("too much work waits for the pool");
        queue_.push_back(std::move(work));
    }
    wake_.notify_one();
}

void Pool::serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) return;
        std::move_only_function<void()> work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        work();
        work = nullptr;  // what it owns goes without the lock
        lock.lock();
    }
}

}  // namespace heliopost::net
