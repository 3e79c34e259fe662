#include "net/memory_stream.h"

#include "base/assert.h"
#include "net/event.h"

namespace heliopost::net {

using Chunk = MemoryConnection::Chunk;

MemoryStream::MemoryStream(std::shared_ptr<MemoryConnection> connection, int side)
    : connection_(std::move(connection)), side_(side) {}

void MemoryStream::check_open() const {
    if (own().closed) throw Gone("closed");
    if (!own().broken.empty()) throw Gone(own().broken);
}

// Without the peer's wish for TLS: under real TLS a server says nothing before the client.
bool MemoryStream::has_input() {
    const MemoryConnection::End& end = own();
    return end.unread() > 0 || end.ended || end.closed || !end.broken.empty();
}

Task<MemoryStream::Ready> MemoryStream::wait_readable(Deadline deadline, Event* also) {
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    MemoryConnection::End& end = own();
    for (;;) {
        if (also != nullptr && also->is_set()) co_return Ready::event;
        if (has_input() || end.peer_asked_tls != end.tls_asked) co_return Ready::input;
        ASSERT(end.reader == nullptr);
        Wait wait(*end.world);
        const WaitPlace place(&end.reader, &wait);
        std::optional<EventWaiter> waiter;
        if (also != nullptr) waiter.emplace(also, [&wait] { wait.end(); });
        const Wait::End how = co_await wait.until(deadline);
        throw_unless_ready(how);
    }
}

Task<size_t> MemoryStream::read_some(std::span<char> into, Deadline deadline) {
    ASSERT(!into.empty());
    co_await wait_readable(deadline, nullptr);
    check_open();
    MemoryConnection::End& end = own();
    if (end.unread() == 0 && !end.ended) throw Gone("the peer began TLS unasked");
    const size_t count = std::min(into.size(), end.unread());
    end.arrived.copy(into.data(), count, end.arrived_at);
    end.arrived_at += count;
    if (Wait* const writer = connection_->end(1 - side_).writer; writer != nullptr && count > 0)
        writer->end();
    co_return count;
}

Task<void> MemoryStream::write(std::string_view octets, Deadline deadline) {
    MemoryConnection::End& end = own();
    const int to = 1 - side_;
    while (!octets.empty()) {
        check_open();
        if (end.output_ended) throw Gone("output was ended");
        if (connection_->end(to).closed) throw Gone("closed by the peer");
        const size_t piece = connection_->piece();
        const size_t count = std::min({octets.size(), connection_->room(to), piece});
        if (count > 0) {
            connection_->send(to,
                              {.kind = Chunk::Kind::octets, .octets = std::string(octets.substr(0, count))});
            octets.remove_prefix(count);
            continue;
        }
        ASSERT(end.writer == nullptr);
        Wait wait(*end.world);
        const WaitPlace place(&end.writer, &wait);
        const Wait::End how = co_await wait.until(deadline);
        throw_unless_ready(how);
    }
}

Task<void> MemoryStream::start_tls_server(std::shared_ptr<const TlsServer> /*the marker needs none*/,
                                          Deadline deadline) {
    return start_tls("", false, deadline);
}

Task<void> MemoryStream::start_tls_client(TlsClient tls, Deadline deadline) {
    return start_tls(std::move(tls.server_name), tls.verify == TlsClient::Verify::name, deadline);
}

Task<void> MemoryStream::start_tls(std::string server_name, bool verified, Deadline deadline) {
    check_open();
    MemoryConnection::End& end = own();
    ASSERT(!end.tls_asked);
    end.tls_asked = true;
    // Octets in the clear where a handshake should be would break a real one, too.
    if (end.unread() > 0 || end.coming_octets > 0) {
        connection_->send(1 - side_, {.kind = Chunk::Kind::reset, .octets = "TLS handshake failed"});
        connection_->break_end(side_, "TLS handshake failed: octets in the clear");
    }
    check_open();
    connection_->send(1 - side_, {.kind = Chunk::Kind::tls, .octets = server_name});
    while (!end.peer_asked_tls) {
        check_open();
        if (end.ended || end.unread() > 0) {
            close();
            throw Gone("TLS handshake failed: the peer does not speak TLS");
        }
        Wait wait(*end.world);
        const WaitPlace place(&end.starter, &wait);
        const WaitPlace reading(&end.reader, &wait);
        const Wait::End how = co_await wait.until(deadline);
        throw_unless_ready(how);
    }
    end.tls = TlsSession{.version = "TLSv1.3",
                         .cipher = "MEMORY",
                         .server_name = side_ == 0 ? server_name : end.peer_server_name,
                         .verified = verified};
}

std::optional<TlsSession> MemoryStream::tls() const {
    return own().tls;
}

Endpoint MemoryStream::peer() const {
    return connection_->end(1 - side_).address;
}

Endpoint MemoryStream::local() const {
    return own().address;
}

void MemoryStream::close() noexcept {
    connection_->close(side_);
}

void MemoryStream::end_output() {
    if (std::exchange(own().output_ended, true)) return;
    connection_->send(1 - side_, {.kind = Chunk::Kind::end});
}

MemoryListener::MemoryListener(MemoryWorld& world, Endpoint at, size_t backlog)
    : world_(world), at_(std::move(at)), backlog_(backlog) {
    world_.listeners_.emplace(to_string(at_), this);
}

Task<std::unique_ptr<Stream>> MemoryListener::accept() {
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    while (waiting_.empty()) {
        if (closed_) throw Gone("the listener is closed");
        ASSERT(acceptor_ == nullptr);
        Wait wait(world_);
        const WaitPlace place(&acceptor_, &wait);
        const Wait::End how = co_await wait.suspend();
        throw_unless_ready(how);
    }
    std::unique_ptr<Stream> stream = std::move(waiting_.front());
    waiting_.pop_front();
    co_return stream;
}

void MemoryListener::close() noexcept {
    if (std::exchange(closed_, true)) return;
    std::erase_if(world_.listeners_, [this](const auto& listener) { return listener.second == this; });
    waiting_.clear();
    if (acceptor_ != nullptr) acceptor_->end();
}

bool MemoryListener::offer(std::shared_ptr<MemoryConnection> connection) {
    if (waiting_.size() >= backlog_) return false;
    waiting_.push_back(std::make_unique<MemoryStream>(std::move(connection), 1));
    if (acceptor_ != nullptr) acceptor_->end();
    return true;
}

}  // namespace heliopost::net
