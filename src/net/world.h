// World: all that a program can ask of the outside: clock, timers, randomness, DNS, network, threads.
//
// One World is one loop (a core in production, a host in the simulator); everything above net/ takes
// it by reference and nothing above net/ touches a clock, a socket, a thread or a global. So the same
// code runs on the real system (system_world.h) and under virtual time (memory_world.h).
//
// All members are called on the World's own loop, except post() and now(), which any thread may call.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "net/dns.h"
#include "net/stream.h"
#include "net/task.h"

namespace heliopost::net {

class Turns;

struct DialOptions {
    std::optional<IpAddress> source;  // the local address to connect from
};

struct ListenOptions {
    int backlog = 1024;
    bool reuse_port = true;     // one listening socket for each loop
    unsigned unix_mode = 0660;  // permissions of a Unix socket
};

class World {
public:
    World();
    virtual ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    virtual Time now() const = 0;      // time of day
    virtual Instant tick() const = 0;  // time that passes
    Deadline after(std::chrono::microseconds wait) const { return tick() + wait; }

    virtual boost::asio::any_io_executor executor() = 0;

    // Runs the function on this loop, soon. Any thread may call it.
    virtual void post(std::move_only_function<void()> work) = 0;

    // Timers: the function runs on this loop at or after the instant, unless cancelled first.
    using TimerId = std::uint64_t;
    virtual TimerId call_at(Instant when, std::move_only_function<void()> work) = 0;
    virtual void cancel(TimerId timer) noexcept = 0;

    Task<void> sleep_until(Deadline deadline);  // throws Stopped

    // Runs work on the bounded pool (password hashing, long scans) and gives its result back here. An
    // exception of the work comes out of the await. The work owns what it needs: it may outlive a
    // stopped task. Throws Stopped, and Overloaded where the pool's queue is full.
    template <class Work>
    Task<std::invoke_result_t<Work>> on_pool(Work work);

    virtual void random(std::span<std::byte> into) = 0;  // cryptographic, or seeded in the simulator
    std::uint64_t random_number();
    std::string random_octets(size_t count);

    virtual Resolver& resolver() = 0;
    // Throws Gone when refused or unreachable (the text says which), TimedOut, Stopped.
    virtual Task<std::unique_ptr<Stream>> dial(Endpoint to, DialOptions options, Deadline deadline) = 0;
    // Fails with a text that says what to do: the port is in use, not permitted, no such address.
    virtual Result<std::unique_ptr<Listener>> listen(Endpoint at, ListenOptions options) = 0;

    virtual const Log& log() const = 0;

    // The tasks and waits of this loop, for implementations inside net/ (wait.h).
    const std::shared_ptr<Turns>& turns() const { return turns_; }

protected:
    // Runs work on the pool; never blocks the loop. In the simulator it runs inline, later.
    virtual void run_on_pool(std::move_only_function<void()> work) = 0;

private:
    Task<void> run_and_return(std::move_only_function<void()> work);

    std::shared_ptr<Turns> turns_;
};

template <class Work>
Task<std::invoke_result_t<Work>> World::on_pool(Work work) {
    using Value = std::invoke_result_t<Work>;
    if constexpr (std::is_void_v<Value>) {
        co_await run_and_return(std::move(work));
    } else {
        auto place = std::make_shared<std::optional<Value>>();
        co_await run_and_return([place, work = std::move(work)]() mutable { place->emplace(work()); });
        std::optional<Value>& value = *place;
        ASSERT(value.has_value());
        co_return *std::move(value);
    }
}

}  // namespace heliopost::net
