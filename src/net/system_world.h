// SystemWorld: the World of production: one loop on the real clock, sockets and threads.
//
// Cores makes one for each core, each with its thread. Sockets write with MSG_NOSIGNAL, but OpenSSL writes
// through its own BIO: a loop's thread blocks SIGPIPE, and main() ignores it.
// Wildcard listeners "[::]" take IPv4 too and show its addresses as IPv4; other IPv6 listeners are IPv6 only.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "net/pool.h"
#include "net/timer_heap.h"
#include "net/world.h"

namespace heliopost::net {

class TlsClients;

class SystemWorld : public World {
public:
    // Until set_resolver every question is answered failed.
    SystemWorld(const Log& log, std::shared_ptr<Pool> pool);
    // Every task group must have ended, or its frames are destroyed here.
    ~SystemWorld() override;

    void set_resolver(std::unique_ptr<Resolver> resolver) { resolver_ = std::move(resolver); }

    // Runs the loop on this thread until stop(), which any thread may call. May be run again.
    void run();
    void stop();

    boost::asio::io_context& io() { return io_; }
    TlsClients& tls_clients() { return *tls_clients_; }

    Time now() const override;
    Instant tick() const override;
    boost::asio::any_io_executor executor() override { return io_.get_executor(); }
    void post(std::move_only_function<void()> work) override;
    TimerId call_at(Instant when, std::move_only_function<void()> work) override;
    void cancel(TimerId timer) noexcept override;
    void random(std::span<std::byte> into) override;
    Resolver& resolver() override { return *resolver_; }
    Task<std::unique_ptr<Stream>> dial(Endpoint to, DialOptions options, Deadline deadline) override;
    Result<std::unique_ptr<Listener>> listen(Endpoint at, ListenOptions options) override;
    const Log& log() const override { return log_; }

private:
    void run_on_pool(std::move_only_function<void()> work) override;
    void arm();
    void fire();

    const Log& log_;
    std::shared_ptr<Pool> pool_;
    std::shared_ptr<std::atomic<std::size_t>> on_pool_ = std::make_shared<std::atomic<std::size_t>>(0);
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::uint64_t last_timer_ = 0;
    TimerHeap timers_;
    boost::asio::steady_timer timer_;
    Instant armed_ = Instant::max();
    std::unique_ptr<TlsClients> tls_clients_;
    std::unique_ptr<Resolver> resolver_;
};

// One world and thread for each core, and the pool they share.
class Cores {
public:
    Cores(size_t count, size_t pool_threads, const Log& log);
    ~Cores();  // stops and joins
    Cores(const Cores&) = delete;
    Cores& operator=(const Cores&) = delete;

    size_t size() const { return worlds_.size(); }
    SystemWorld& operator[](size_t index) { return *worlds_[index]; }

    void start();
    // Ends the loops, whatever they do: stop and join task groups first, by way of post().
    void stop();

private:
    std::shared_ptr<Pool> pool_;
    std::vector<std::unique_ptr<SystemWorld>> worlds_;
    std::vector<std::thread> threads_;
};

}  // namespace heliopost::net
