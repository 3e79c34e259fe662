// Streams and listeners over sockets, TCP and Unix, in the clear and under TLS. Only for net/*.cc.
#pragma once

#include <openssl/types.h>
#include <sys/socket.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/stream.h"
#include "net/system_world.h"
#include "net/wait.h"

namespace heliopost::net {

// A non-blocking socket and who waits for it: at most one task in each role. Kept alive by the reactor's
// callbacks, which may come after its stream is gone.
class Socket : public std::enable_shared_from_this<Socket> {
public:
    enum Direction : std::uint8_t { input, output };
    enum Role : std::uint8_t { reader, writer };

    Socket(SystemWorld& world, int descriptor);  // takes the descriptor

    int descriptor() { return descriptor_.native_handle(); }
    bool closed() const { return closed_; }
    void close() noexcept;
    SystemWorld& world() { return world_; }

    // Waits until the direction may be ready or the event is set. Spurious wake-ups happen. Throws Gone when
    // closed meanwhile, TimedOut, Stopped.
    Task<void> wait(Role role, Direction direction, Deadline deadline, Event* also);

    // Counts an operation that did not wait; lets the others have a turn now and then, so that a fast peer
    // does not hold the loop, and then throws Stopped if so.
    Task<void> breathe();

private:
    struct Waiting {
        Wait* wait = nullptr;
        Direction direction = input;
        Deadline deadline{};
    };
    void arm(Direction direction);
    void arm_timer(Deadline deadline);
    void expire();
    void wake(Direction direction);

    SystemWorld& world_;
    boost::asio::posix::stream_descriptor descriptor_;
    Waiting waiting_[2];  // by role
    bool armed_[2] = {};  // by direction
    bool closed_ = false;
    int without_wait_ = 0;
    // One timer for all deadlines of the socket. It is never moved to a later time: when it fires early it is
    // set anew, so that a deadline per read costs nothing.
    World::TimerId timer_ = 0;
    Instant timer_at_{};
};

// RFC 8446 §4.6: tickets, key updates and what else of the handshake comes behind it, for each
// octets_per_tls_messages of the application. An honest peer sends a few; each costs a derivation of keys.
inline constexpr int tls_messages_max = 32;
inline constexpr size_t octets_per_tls_messages = 64 * 1024;

class FdStream : public Stream {
public:
    FdStream(std::shared_ptr<Socket> socket, Endpoint peer, Endpoint local);
    ~FdStream() override;

    Task<size_t> read_some(std::span<char> into, Deadline deadline) override;
    Task<void> write(std::string_view octets, Deadline deadline) override;
    Task<Ready> wait_readable(Deadline deadline, Event* also) override;
    bool has_input() override;
    Task<void> start_tls_server(std::shared_ptr<const TlsServer> tls, Deadline deadline) override;
    Task<void> start_tls_client(TlsClient tls, Deadline deadline) override;
    std::optional<TlsSession> tls() const override { return session_; }
    Endpoint peer() const override { return peer_; }
    Endpoint local() const override { return local_; }
    void close() noexcept override;

private:
    struct FreeSsl {
        void operator()(SSL* ssl) const noexcept;
    };
    Task<size_t> read_tls(std::span<char> into, Deadline deadline);
    Task<void> write_tls(std::string_view octets, Deadline deadline);
    Task<void> handshake(Deadline deadline);
    void count_messages();
    void refuse_flood();
    // After a TLS call that gave no octets: the direction to wait for, or nothing at the end in order. Throws
    // Gone.
    std::optional<Socket::Direction> tls_wants(int returned, const char* doing);

    std::shared_ptr<Socket> socket_;
    Endpoint peer_;
    Endpoint local_;
    std::shared_ptr<const TlsServer> server_;  // its callbacks serve the session
    std::unique_ptr<SSL, FreeSsl> ssl_;
    std::optional<TlsSession> session_;
    int messages_ = 0;     // of the handshake, behind it
    size_t octets_ = 0;    // read since they were counted from nothing
    bool broken_ = false;  // after a fatal error of TLS, which allows no close_notify
};

class FdListener : public Listener {
public:
    FdListener(SystemWorld& world, int descriptor, Endpoint local);
    ~FdListener() override;

    Task<std::unique_ptr<Stream>> accept() override;
    Endpoint local() const override { return local_; }
    void close() noexcept override;

private:
    std::shared_ptr<Socket> socket_;
    Endpoint local_;
};

// An endpoint as the kernel has it, and back. An IPv4-mapped address comes back as IPv4.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};
SocketAddress to_socket_address(const Endpoint& endpoint);
Endpoint to_endpoint(const SocketAddress& address);
Endpoint local_endpoint(int descriptor);

std::unique_ptr<Stream> accepted_stream(SystemWorld& world, int descriptor, const SocketAddress& from);

}  // namespace heliopost::net
