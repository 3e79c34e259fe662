#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "net/event.h"
#include "net/fd_stream.h"

namespace heliopost::net {

namespace asio = boost::asio;
namespace ip = boost::asio::ip;

Socket::Socket(SystemWorld& world, int descriptor) : world_(world), descriptor_(world.io(), descriptor) {}

void Socket::close() noexcept {
    if (std::exchange(closed_, true)) return;
    boost::system::error_code ignored;
    (void)descriptor_.close(ignored);
    if (timer_ != 0) world_.cancel(std::exchange(timer_, 0));
    for (const Waiting& waiting : waiting_)
        if (waiting.wait != nullptr) waiting.wait->end();
}

Task<void> Socket::wait(Role role, Direction direction, Deadline deadline, Event* also) {
    const std::shared_ptr<Socket> alive = shared_from_this();
    without_wait_ = 0;
    if (closed_) throw Gone("closed");
    Waiting& waiting = waiting_[role];
    ASSERT(waiting.wait == nullptr);
    Wait wait(world_);
    const WaitPlace place(&waiting.wait, &wait);
    waiting.direction = direction;
    waiting.deadline = deadline;
    std::optional<EventWaiter> event;
    if (also != nullptr) event.emplace(also, [&wait] { wait.end(); });
    arm(direction);
    arm_timer(deadline);
    const Wait::End how = co_await wait.suspend();
    throw_unless_ready(how);
    if (closed_) throw Gone("closed");
}

Task<void> Socket::breathe() {
    constexpr int operations_without_wait_max = 16;
    if (++without_wait_ < operations_without_wait_max) co_return;
    without_wait_ = 0;
    const std::shared_ptr<Socket> alive = shared_from_this();
    co_await next_turn(&world_);
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    if (closed_) throw Gone("closed");
}

void Socket::arm(Direction direction) {
    if (std::exchange(armed_[direction], true)) return;
    const auto kind = direction == input ? asio::posix::descriptor_base::wait_read
                                         : asio::posix::descriptor_base::wait_write;
    descriptor_.async_wait(kind, [self = shared_from_this(), direction](const boost::system::error_code&) {
        self->armed_[direction] = false;
        self->wake(direction);
    });
}

void Socket::wake(Direction direction) {
    for (const Waiting& waiting : waiting_)
        if (waiting.wait != nullptr && waiting.direction == direction)
            waiting.wait->end_now(Wait::End::ready);
}

void Socket::arm_timer(Deadline deadline) {
    if (deadline == Deadline::max() || (timer_ != 0 && timer_at_ <= deadline)) return;
    if (timer_ != 0) world_.cancel(timer_);
    timer_at_ = deadline;
    timer_ = world_.call_at(deadline, [weak = weak_from_this()] {
        if (const std::shared_ptr<Socket> self = weak.lock()) self->expire();
    });
}

void Socket::expire() {
    timer_ = 0;
    const Instant now = world_.tick();
    Deadline next = Deadline::max();
    for (const Waiting& waiting : waiting_) {
        if (waiting.wait == nullptr) continue;
        if (waiting.deadline <= now) {
            waiting.wait->end(Wait::End::timed_out);
        } else {
            next = std::min(next, waiting.deadline);
        }
    }
    arm_timer(next);
}

SocketAddress to_socket_address(const Endpoint& endpoint) {
    SocketAddress address;
    if (!endpoint.path.empty()) {
        sockaddr_un un{};
        un.sun_family = AF_UNIX;
        endpoint.path.copy(un.sun_path, sizeof un.sun_path - 1);
        std::memcpy(&address.storage, &un, sizeof un);
        address.size = sizeof un;
    } else if (endpoint.address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        v4.sin_addr.s_addr = htonl(endpoint.address.to_v4().to_uint());
        std::memcpy(&address.storage, &v4, sizeof v4);
        address.size = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(endpoint.port);
        const ip::address_v6 from = endpoint.address.to_v6();
        std::ranges::copy(from.to_bytes(), v6.sin6_addr.s6_addr);
        v6.sin6_scope_id = static_cast<std::uint32_t>(from.scope_id());
        std::memcpy(&address.storage, &v6, sizeof v6);
        address.size = sizeof v6;
    }
    return address;
}

Endpoint to_endpoint(const SocketAddress& address) {
    if (address.storage.ss_family == AF_UNIX) {
        sockaddr_un un{};
        std::memcpy(&un, &address.storage, sizeof un);
        return {.path = un.sun_path[0] == '\0' ? "unix" : std::string(un.sun_path)};
    }
    if (address.storage.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address.storage, sizeof v4);
        return {.address = ip::address_v4(ntohl(v4.sin_addr.s_addr)), .port = ntohs(v4.sin_port)};
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address.storage, sizeof v6);
    ip::address_v6::bytes_type octets;
    std::ranges::copy(v6.sin6_addr.s6_addr, octets.begin());
    const ip::address_v6 whole(octets, v6.sin6_scope_id);
    const std::uint16_t port = ntohs(v6.sin6_port);
    if (whole.is_v4_mapped()) return {.address = ip::make_address_v4(ip::v4_mapped, whole), .port = port};
    return {.address = whole, .port = port};
}

Endpoint local_endpoint(int descriptor) {
    SocketAddress address;
    address.size = sizeof address.storage;
    if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) return {};
    return to_endpoint(address);
}

}  // namespace heliopost::net
