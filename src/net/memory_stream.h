// The two ends of an in-memory connection and what is on its way between them. Only for memory_*.cc; programs
// see Stream and Listener, tests may use MemoryStream::end_output.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "net/memory_world.h"
#include "net/stream.h"
#include "net/wait.h"

namespace heliopost::net {

class MemoryConnection : public std::enable_shared_from_this<MemoryConnection> {
public:
    static constexpr size_t pipe_octets_max = 64 * size_t{1024};  // in each direction, on its way or unread

    // What travels. A reset overtakes nothing but ends everything.
    struct Chunk {
        enum class Kind : std::uint8_t { octets, end, reset, tls, dial, accepted };
        Kind kind = Kind::octets;
        Instant arrival{};
        std::string octets;  // of a reset: the reason; of tls: the server name
    };

    struct End {
        MemoryWorld* world = nullptr;
        Endpoint address;
        std::deque<Chunk> coming;  // to this end
        size_t coming_octets = 0;
        Instant last_arrival{};
        std::string arrived;
        size_t arrived_at = 0;  // what is before it has been read
        bool accepted = false;
        bool ended = false;         // the peer sends no more
        bool output_ended = false;  // this end sends no more
        bool closed = false;
        std::string broken;  // why nothing goes any more
        bool tls_asked = false;
        bool peer_asked_tls = false;
        std::string peer_server_name;
        std::optional<TlsSession> tls;
        Wait* reader = nullptr;
        Wait* writer = nullptr;
        Wait* starter = nullptr;  // of dialling and TLS

        size_t unread() const { return arrived.size() - arrived_at; }
    };

    MemoryConnection(MemoryNetwork& network, MemoryWorld& from, Endpoint local, MemoryWorld* to,
                     Endpoint remote);
    ~MemoryConnection();
    MemoryConnection(const MemoryConnection&) = delete;
    MemoryConnection& operator=(const MemoryConnection&) = delete;

    const MemoryLink& link() const { return link_; }
    End& end(int side) { return ends_[side]; }
    size_t room(int to_side) const;
    size_t piece() const;  // at least 1
    void send(int to_side, Chunk chunk);
    void pump(int side);  // takes what has arrived, unless the hosts are apart
    void break_end(int side, const std::string& why);
    void close(int side);
    void mute() { muted_ = true; }
    bool is_apart() const;

private:
    void deliver(int side, Chunk chunk);
    void answer_dial();

    MemoryNetwork& network_;
    MemoryLink link_;
    bool muted_ = false;
    End ends_[2];  // 0 dialled, 1 accepted
};

class MemoryStream : public Stream {
public:
    MemoryStream(std::shared_ptr<MemoryConnection> connection, int side);
    ~MemoryStream() override { close(); }

    Task<size_t> read_some(std::span<char> into, Deadline deadline) override;
    Task<void> write(std::string_view octets, Deadline deadline) override;
    Task<Ready> wait_readable(Deadline deadline, Event* also) override;
    bool has_input() override;
    Task<void> start_tls_server(std::shared_ptr<const TlsServer> tls, Deadline deadline) override;
    Task<void> start_tls_client(TlsClient tls, Deadline deadline) override;
    std::optional<TlsSession> tls() const override;
    Endpoint peer() const override;
    Endpoint local() const override;
    void close() noexcept override;

    void end_output();  // a half close: the peer reads to the end, this end reads on

private:
    Task<void> start_tls(std::string server_name, bool verified, Deadline deadline);
    void check_open() const;  // throws Gone
    MemoryConnection::End& own() const { return connection_->end(side_); }

    std::shared_ptr<MemoryConnection> connection_;
    int side_;
};

class MemoryListener : public Listener {
public:
    MemoryListener(MemoryWorld& world, Endpoint at, size_t backlog);
    ~MemoryListener() override { close(); }

    Task<std::unique_ptr<Stream>> accept() override;
    Endpoint local() const override { return at_; }
    void close() noexcept override;

    bool offer(std::shared_ptr<MemoryConnection> connection);  // false: the backlog is full

private:
    MemoryWorld& world_;
    Endpoint at_;
    size_t backlog_;
    bool closed_ = false;
    std::deque<std::unique_ptr<Stream>> waiting_;
    Wait* acceptor_ = nullptr;
};

}  // namespace heliopost::net
