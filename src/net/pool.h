// Pool: a fixed number of threads for work that would hold up a loop (password hashing, long scans).
//
// Shared by every loop of the process. Thread-safe. Work that is queued when the pool ends is still done.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace heliopost::net {

class Pool {
public:
    // At 25 ms for a password this is some 25 s of work on one thread; nobody waits longer for a login.
    static constexpr size_t pool_jobs_max = 1024;

    explicit Pool(size_t threads);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Throws Overloaded when pool_jobs_max wait. The work throws nothing.
    void run(std::move_only_function<void()> work);

    // Does what is queued and ends the threads. Before the worlds go that wait for it.
    void join();

private:
    void serve();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::move_only_function<void()>> queue_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace heliopost::net
