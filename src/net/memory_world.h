// MemoryNetwork: several hosts, their network and their time in one thread, for tests and the simulator.
//
//   MemoryNetwork network(seed);
//   MemoryWorld& a = network.add_host("a.example", {"192.0.2.1"});
//   TaskGroup tasks(a, "test");
//   tasks.spawn(...);
//   network.run_until([&] { return done; }, 1min);
//
// Time is virtual: when nothing can run, the clock jumps to the next timer. Everything runs in one order that
// the seed and the calls decide: the same seed gives the same events, which event_hash() sums up.
// TLS is a marker: a stream turns to TLS when both of its ends asked for it, nothing is encrypted or
// verified. Not thread-safe, but for World::post and World::now as every World (an outside thread's post
// breaks the determinism). Task groups on a host are stopped and joined, or the host crashed, before they are
// destroyed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "net/memory_resolver.h"
#include "net/timer_heap.h"
#include "net/world.h"

namespace heliopost::net {

class MemoryConnection;
class MemoryListener;
class MemoryNetwork;

// One host. Lives as long as its network.
class MemoryWorld : public World {
public:
    MemoryWorld(MemoryNetwork& network, std::string name, std::vector<IpAddress> addresses,
                std::uint64_t seed, Log::Sink sink);
    ~MemoryWorld() override;

    const std::string& name() const { return name_; }
    const std::vector<IpAddress>& addresses() const { return addresses_; }
    bool crashed() const { return crashed_; }
    const std::vector<std::string>& log_lines() const { return log_lines_; }  // where no sink was given
    size_t timers() const { return timers_.size(); }

    // The host stops in the middle of what it does: its streams break, listeners and timers are gone, and the
    // frames of its tasks are destroyed in later turns without running on. Cut off its store first.
    void crash();

    // Sets the host's clock this much ahead of the network's (behind, if negative); time that passes does not
    // jump. A restarted host keeps it.
    void set_clock(std::chrono::milliseconds ahead) { ahead_ = ahead; }
    std::chrono::milliseconds clock_ahead() const { return ahead_; }

    // The pool: room for so many jobs, past it Overloaded, as Pool says; each ends after so long.
    void set_pool(size_t jobs_max, std::chrono::microseconds job_time) {
        pool_jobs_max_ = jobs_max;
        pool_job_time_ = job_time;
    }
    size_t pool_jobs_most() const { return pool_jobs_most_; }  // that were there at once

    Time now() const override;
    Instant tick() const override;
    boost::asio::any_io_executor executor() override;
    void post(std::move_only_function<void()> work) override;
    TimerId call_at(Instant when, std::move_only_function<void()> work) override;
    void cancel(TimerId timer) noexcept override;
    void random(std::span<std::byte> into) override;
    Resolver& resolver() override { return resolver_; }
    Task<std::unique_ptr<Stream>> dial(Endpoint to, DialOptions options, Deadline deadline) override;
    Result<std::unique_ptr<Listener>> listen(Endpoint at, ListenOptions options) override;
    const Log& log() const override { return log_; }

private:
    friend class MemoryConnection;
    friend class MemoryListener;
    friend class MemoryNetwork;
    void run_on_pool(std::move_only_function<void()> work) override;
    MemoryListener* find_listener(const Endpoint& at) const;
    std::optional<IpAddress> source_for(const Endpoint& to, const DialOptions& options) const;

    MemoryNetwork& network_;
    std::string name_;
    std::vector<IpAddress> addresses_;
    std::mt19937_64 randomness_;
    std::vector<std::string> log_lines_;
    Log log_;
    TimerHeap timers_;
    MemoryResolver resolver_;
    std::map<std::string, MemoryListener*> listeners_;  // by endpoint
    std::uint16_t last_port_ = 49151;                   // the next is the first dynamic port, RFC 6335 §6
    std::chrono::milliseconds ahead_{0};
    bool crashed_ = false;
    size_t pool_jobs_ = 0;
    size_t pool_jobs_most_ = 0;
    size_t pool_jobs_max_ = std::numeric_limits<size_t>::max();
    std::chrono::microseconds pool_job_time_{0};
};

// What the simulator's hooks are told of a connection.
struct MemoryLink {
    std::uint64_t id = 0;  // 1, 2, ... in the order of dialling
    std::string from;      // the host that dialled
    std::string to;
};

class MemoryNetwork {
public:
    explicit MemoryNetwork(std::uint64_t seed,
                           Time start = Time(std::chrono::sys_days(std::chrono::year(2026) /
                                                                   std::chrono::November / 23)));
    ~MemoryNetwork();
    MemoryNetwork(const MemoryNetwork&) = delete;
    MemoryNetwork& operator=(const MemoryNetwork&) = delete;

    // Without a sink the host keeps its lines: log_lines().
    MemoryWorld& add_host(std::string name, std::vector<std::string> addresses, Log::Sink sink = nullptr);
    // A new World with the name and addresses of a crashed one, which stays valid but dead.
    MemoryWorld& restart(const MemoryWorld& crashed, Log::Sink sink = nullptr);

    MemoryZone& zone() { return zone_; }

    // Runs until the predicate holds; false once the virtual time has passed first.
    bool run_until(const std::function<bool()>& predicate, std::chrono::microseconds limit);
    void run_for(std::chrono::microseconds time);
    // Runs one task on the host to its end; false past the limit. Its exception is thrown here.
    bool run(MemoryWorld& host, Task<void> task, std::chrono::microseconds limit = std::chrono::hours(1));

    // The simulator's hooks. The delay is asked for each chunk of octets on its way; order is kept.
    using Delay = std::function<std::chrono::microseconds(const MemoryLink&)>;
    void set_delay(Delay delay) { delay_ = std::move(delay); }
    // How many octets one chunk may have, asked at each write: a slow drip.
    using Piece = std::function<size_t(const MemoryLink&)>;
    void set_piece(Piece piece) { piece_ = std::move(piece); }
    // How many octets may be under way to the dialling end before a writer waits: a narrow window of TCP.
    using Room = std::function<size_t(const MemoryLink&)>;
    void set_room(Room room) { room_ = std::move(room); }
    std::vector<MemoryLink> links() const;  // open ones, oldest first
    void cut(std::uint64_t link);           // both ends see a reset
    void mute(std::uint64_t link);          // half-open: nothing arrives any more, and neither end is told
    // Nothing passes between the two hosts; it arrives, in order, once they are joined again.
    void partition(const std::string& host_a, const std::string& host_b, bool apart = true);
    // Calls on the network's own time, outside any host.
    void call_at(Instant when, std::move_only_function<void()> work);

    // run_until() and run_for() return at once, in the middle of an instant, with everything else still to
    // run: where a simulated crash belongs. Within run() it waits until that has ended. Held until
    // take_pause().
    void pause() { paused_ = true; }
    void pause_after(std::uint64_t turns) { pause_at_ = turns_ + turns; }
    bool take_pause() { return std::exchange(paused_, false); }
    std::uint64_t turns() const { return turns_; }  // handlers that have run

    // Runs what can run now, pause or not: the frames of a crashed host are destroyed in later turns.
    void finish_turns();

    Instant tick() const { return tick_; }
    std::uint64_t event_hash() const { return event_hash_; }

private:
    friend class MemoryConnection;
    friend class MemoryWorld;
    void poll();
    bool is_held() const { return paused_ && !in_run_; }
    bool advance(Instant limit);
    MemoryWorld* host_at(const IpAddress& address) const;
    bool apart(const std::string& host_a, const std::string& host_b) const;
    void note(std::uint64_t a, std::uint64_t b, std::uint64_t c);

    std::uint64_t seed_;
    Time start_;
    Instant tick_{std::chrono::seconds(1)};  // its zero means nothing
    std::uint64_t last_timer_ = 0;
    std::uint64_t last_link_ = 0;
    std::uint64_t event_hash_ = 0;
    boost::asio::io_context io_;
    TimerHeap timers_;
    MemoryZone zone_;
    Delay delay_;
    Piece piece_;
    Room room_;
    std::uint64_t turns_ = 0;
    std::uint64_t pause_at_ = UINT64_MAX;
    bool paused_ = false;
    bool in_run_ = false;
    std::set<std::pair<std::string, std::string>> apart_;
    std::map<std::uint64_t, MemoryConnection*> connections_;  // by link id
    std::vector<std::unique_ptr<MemoryWorld>> hosts_;         // in the order of adding, crashed ones too
};

}  // namespace heliopost::net
