#include "net/memory_world.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/assert.h"
#include "net/memory_stream.h"

namespace heliopost::net {

MemoryWorld::MemoryWorld(MemoryNetwork& network, std::string name, std::vector<IpAddress> addresses,
                         std::uint64_t seed, Log::Sink sink)
    : network_(network),
      name_(std::move(name)),
      addresses_(std::move(addresses)),
      randomness_(seed),
      log_(
          LogFormat::logfmt, LogLevel::info, [this] { return now(); },
          sink ? std::move(sink)
               : [this](LogLevel, std::string_view line) { log_lines_.emplace_back(line); }),
      timers_(&network.last_timer_),
      resolver_(*this, network.zone_) {}

MemoryWorld::~MemoryWorld() = default;

void MemoryWorld::crash() {
    if (std::exchange(crashed_, true)) return;
    for (const auto& [id, connection] : std::map(network_.connections_)) {
        for (const int side : {0, 1}) {
            if (connection->end(side).world != this) continue;
            const auto alive = connection->shared_from_this();
            connection->end(side).closed = true;
            connection->send(1 - side, {.kind = MemoryConnection::Chunk::Kind::reset,
                                        .octets = "connection reset by the peer"});
        }
    }
    listeners_.clear();
    turns()->abandon();
    timers_.clear();
}

Time MemoryWorld::now() const {
    return network_.start_ + ahead_ +
           std::chrono::floor<std::chrono::milliseconds>(network_.tick_.time_since_epoch());
}

Instant MemoryWorld::tick() const {
    return network_.tick_;
}

boost::asio::any_io_executor MemoryWorld::executor() {
    return network_.io_.get_executor();
}

void MemoryWorld::post(std::move_only_function<void()> work) {
    boost::asio::post(network_.io_, [this, work = std::move(work)]() mutable {
        if (!crashed_) work();
    });
}

World::TimerId MemoryWorld::call_at(Instant when, std::move_only_function<void()> work) {
    return crashed_ ? 0 : timers_.add(when, std::move(work));
}

void MemoryWorld::cancel(TimerId timer) noexcept {
    timers_.cancel(timer);
}

void MemoryWorld::random(std::span<std::byte> into) {
    for (std::byte& octet : into) octet = static_cast<std::byte>(randomness_() >> 56);
}

void MemoryWorld::run_on_pool(std::move_only_function<void()> work) {
    if (pool_jobs_ >= pool_jobs_max_) throw Overloaded("too much work waits for the pool");
    pool_jobs_most_ = std::max(pool_jobs_most_, ++pool_jobs_);
    auto job = [this, work = std::move(work)]() mutable {
        --pool_jobs_;
        work();
    };
    if (pool_job_time_.count() == 0)
        post(std::move(job));
    else
        call_at(tick() + pool_job_time_, std::move(job));
}

MemoryListener* MemoryWorld::find_listener(const Endpoint& at) const {
    const auto find = [this](const Endpoint& endpoint) {
        const auto found = listeners_.find(to_string(endpoint));
        return found == listeners_.end() ? nullptr : found->second;
    };
    if (MemoryListener* const exact = find(at)) return exact;
    if (!at.path.empty()) return nullptr;
    if (at.address.is_v4())
        if (MemoryListener* const any =
                find({.address = boost::asio::ip::address_v4::any(), .port = at.port}))
            return any;
    return find({.address = boost::asio::ip::address_v6::any(), .port = at.port});
}

std::optional<IpAddress> MemoryWorld::source_for(const Endpoint& to, const DialOptions& options) const {
    if (options.source)
        return std::ranges::find(addresses_, *options.source) != addresses_.end() ? options.source
                                                                                  : std::nullopt;
    if (to.address.is_loopback()) return to.address;
    for (const IpAddress& address : addresses_)
        if (address.is_v4() == to.address.is_v4()) return address;
    return std::nullopt;
}

Task<std::unique_ptr<Stream>> MemoryWorld::dial(Endpoint to, DialOptions options, Deadline deadline) {
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    MemoryWorld* const host =
        !to.path.empty() || to.address.is_loopback() ? this : network_.host_at(to.address);
    if (host == nullptr) throw Gone("no route to host");
    Endpoint source{.path = to.path};
    if (to.path.empty()) {
        const std::optional<IpAddress> address = source_for(to, options);
        if (!address) throw Gone("no source address for the network of " + to.address.to_string());
        source = {.address = *address, .port = ++last_port_};
        if (last_port_ == 65535) last_port_ = 49151;
    }
    const auto connection = std::make_shared<MemoryConnection>(network_, *this, source, host, to);
    auto stream = std::make_unique<MemoryStream>(connection, 0);
    connection->send(1, {.kind = MemoryConnection::Chunk::Kind::dial});
    MemoryConnection::End& end = connection->end(0);
    while (!end.accepted) {
        if (!end.broken.empty()) throw Gone(end.broken);
        Wait wait(*this);
        const WaitPlace place(&end.starter, &wait);
        const Wait::End how = co_await wait.until(deadline);
        throw_unless_ready(how);
    }
    co_return stream;
}

Result<std::unique_ptr<Listener>> MemoryWorld::listen(Endpoint at, ListenOptions options) {
    if (crashed_) return fail(Fault::temporary, "the host is down");
    if (at.path.empty()) {
        if (!at.address.is_unspecified() && !at.address.is_loopback() &&
            std::ranges::find(addresses_, at.address) == addresses_.end())
            return fail(Fault::not_found,
                        to_string(at) + ": this host has no such address: name one of its own, or none");
        if (at.port == 0) at.port = ++last_port_;
    }
    if (listeners_.contains(to_string(at)))
        return fail(Fault::exists, to_string(at) + ": already in use: stop what listens there");
    return std::make_unique<MemoryListener>(*this, at, static_cast<size_t>(options.backlog));
}

}  // namespace heliopost::net
