#include "net/fd_stream.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/assert.h"
#include "net/event.h"

namespace heliopost::net {
namespace {

[[noreturn]] void throw_gone(int error) {
    throw Gone(std::generic_category().message(error));
}

}  // namespace

FdStream::FdStream(std::shared_ptr<Socket> socket, Endpoint peer, Endpoint local)
    : socket_(std::move(socket)), peer_(std::move(peer)), local_(std::move(local)) {}

FdStream::~FdStream() {
    FdStream::close();
}

Task<size_t> FdStream::read_some(std::span<char> into, Deadline deadline) {
    ASSERT(!into.empty());
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    if (ssl_) co_return co_await read_tls(into, deadline);
    for (;;) {
        if (socket_->closed()) throw Gone("closed");
        const ssize_t count = recv(socket_->descriptor(), into.data(), into.size(), 0);
        if (count >= 0) {
            co_await socket_->breathe();
            co_return static_cast<size_t>(count);
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) throw_gone(errno);
        co_await socket_->wait(Socket::reader, Socket::input, deadline, nullptr);
    }
}

Task<void> FdStream::write(std::string_view octets, Deadline deadline) {
    if (ssl_) co_return co_await write_tls(octets, deadline);
    while (!octets.empty()) {
        if (socket_->closed()) throw Gone("closed");
        const ssize_t count = send(socket_->descriptor(), octets.data(), octets.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            octets.remove_prefix(static_cast<size_t>(count));
            co_await socket_->breathe();
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) throw_gone(errno);
        co_await socket_->wait(Socket::writer, Socket::output, deadline, nullptr);
    }
}

FdListener::FdListener(SystemWorld& world, int descriptor, Endpoint local)
    : socket_(std::make_shared<Socket>(world, descriptor)), local_(std::move(local)) {}

FdListener::~FdListener() {
    FdListener::close();
}

void FdListener::close() noexcept {
    if (socket_->closed()) return;
    socket_->close();
    if (!local_.path.empty()) ::unlink(local_.path.c_str());
}

Task<std::unique_ptr<Stream>> FdListener::accept() {
    const std::shared_ptr<Socket> socket = socket_;
    for (;;) {
        const bool stopped = co_await is_stopped();
        if (stopped) throw Stopped();
        if (socket->closed()) throw Gone("the listener is closed");
        SocketAddress from;
        from.size = sizeof from.storage;
        const int descriptor = accept4(socket->descriptor(), reinterpret_cast<sockaddr*>(&from.storage),
                                       &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            std::unique_ptr<Stream> stream = accepted_stream(socket->world(), descriptor, from);
            co_await socket->breathe();
            co_return stream;
        }
        switch (errno) {
            case EAGAIN:
                co_await socket->wait(Socket::reader, Socket::input, Deadline::max(), nullptr);
                break;
            case EMFILE:
            case ENFILE:
            case ENOBUFS:
            case ENOMEM:
                throw std::system_error(errno, std::generic_category(), "accept");
            default:  // the connection's own failure: accept(2), "Error handling"
                co_await socket->breathe();
                break;
        }
    }
}

}  // namespace heliopost::net
