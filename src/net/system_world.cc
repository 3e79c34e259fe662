#include "net/system_world.h"

#include "net/system_clock.h"

#include <openssl/rand.h>

#include <boost/asio/post.hpp>
#include <csignal>

#include "base/assert.h"
#include "net/tls_client.h"
#include "net/wait.h"

namespace heliopost::net {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// Until a resolver is set.
class NoResolver : public Resolver {
public:
    Task<DnsAnswer> query(std::string /*name*/, RecordType /*type*/, Deadline /*deadline*/) override {
        co_return DnsAnswer{};
    }
};

// A write to a peer that is gone must fail, not end the process. Blocked for the thread, so that a library
// changes no process-wide disposition.
void block_sigpipe() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

}  // namespace

SystemWorld::SystemWorld(const Log& log, std::shared_ptr<Pool> pool)
    : log_(log),
      pool_(std::move(pool)),
      io_(1),
      work_(io_.get_executor()),
      timers_(&last_timer_),
      timer_(io_),
      tls_clients_(std::make_unique<TlsClients>()),
      resolver_(std::make_unique<NoResolver>()) {}

SystemWorld::~SystemWorld() {
    // Work of stopped tasks may still be on the pool, and it posts to this loop when it ends.
    for (std::size_t left = on_pool_->load(); left != 0; left = on_pool_->load()) on_pool_->wait(left);
    pool_.reset();
    turns()->abandon();
    io_.restart();
    io_.poll();
}

void SystemWorld::run() {
    block_sigpipe();
    io_.restart();
    io_.run();
}

void SystemWorld::stop() {
    io_.stop();
}

Time SystemWorld::now() const {
    return system_now();
}

Instant SystemWorld::tick() const {
    return system_tick();
}

void SystemWorld::post(std::move_only_function<void()> work) {
    boost::asio::post(io_, std::move(work));
}

World::TimerId SystemWorld::call_at(Instant when, std::move_only_function<void()> work) {
    const TimerId timer = timers_.add(when, std::move(work));
    if (when < armed_) arm();
    return timer;
}

void SystemWorld::cancel(TimerId timer) noexcept {
    timers_.cancel(timer);
}

void SystemWorld::arm() {
    const auto first = timers_.first();
    if (!first || first->first >= armed_) return;
    armed_ = first->first;
    timer_.expires_at(SteadyTime(armed_.time_since_epoch()));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;  // set anew, to an earlier time
        armed_ = Instant::max();
        fire();
        arm();
    });
}

void SystemWorld::fire() {
    const Instant now = tick();
    for (auto first = timers_.first(); first && first->first <= now; first = timers_.first())
        timers_.take_first()();
}

void SystemWorld::random(std::span<std::byte> into) {
    const int filled =
        RAND_bytes(reinterpret_cast<unsigned char*>(into.data()), static_cast<int>(into.size()));
    ASSERT(filled == 1);
}

void SystemWorld::run_on_pool(std::move_only_function<void()> work) {
    // Counts itself out when it is destroyed, whether it ran or the pool refused it. It holds the count, not
    // the world, which may be gone as soon as the count is 0.
    struct Counted {
        std::shared_ptr<std::atomic<std::size_t>> count;
        explicit Counted(std::shared_ptr<std::atomic<std::size_t>> c) : count(std::move(c)) { ++*count; }
        Counted(Counted&&) = default;
        Counted& operator=(Counted&&) = delete;
        ~Counted() {
            if (count != nullptr && --*count == 0) count->notify_all();
        }
    };
    pool_->run([counted = Counted(on_pool_), work = std::move(work)]() mutable {
        work();
        work = nullptr;  // before it counts itself out: what it holds may belong to the world
    });
}

Cores::Cores(size_t count, size_t pool_threads, const Log& log)
    : pool_(std::make_shared<Pool>(pool_threads)) {
    for (size_t i = 0; i < count; ++i) worlds_.push_back(std::make_unique<SystemWorld>(log, pool_));
}

Cores::~Cores() {
    stop();
    pool_->join();
}

void Cores::start() {
    ASSERT(threads_.empty());
    // Signals are for the main thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (const auto& world : worlds_) threads_.emplace_back([&world] { world->run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Cores::stop() {
    for (const auto& world : worlds_) world->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

}  // namespace heliopost::net
