// The TLS half of FdStream: OpenSSL on the socket itself (SSL_set_fd), waited for with the reactor. Without a
// second pair of buffers an idle connection keeps 17 KiB instead of the 74 KiB of asio::ssl::stream.
#include <cerrno>
#include <system_error>

#include "base/assert.h"
#include "net/event.h"
#include "net/fd_stream.h"
#include "net/openssl.h"
#include "net/tls_client.h"
#include "net/tls_server.h"

namespace heliopost::net {

void FdStream::FreeSsl::operator()(SSL* ssl) const noexcept {
    SSL_free(ssl);
}

// From the end of the handshake on. It is called within SSL_read and SSL_peek, and must not throw.
void FdStream::count_messages() {
    SSL_set_msg_callback_arg(ssl_.get(), &messages_);
    SSL_set_msg_callback(ssl_.get(), [](int written, int, int type, const void*, size_t, SSL*, void* count) {
        if (written == 0 && type == SSL3_RT_HANDSHAKE) ++*static_cast<int*>(count);
    });
}

void FdStream::refuse_flood() {
    if (messages_ <= tls_messages_max) return;
    broken_ = true;
    throw Gone("TLS: a flood of handshake messages");
}

std::optional<Socket::Direction> FdStream::tls_wants(int returned, const char* doing) {
    const int error = errno;
    switch (SSL_get_error(ssl_.get(), returned)) {
        case SSL_ERROR_WANT_READ:
            return Socket::input;
        case SSL_ERROR_WANT_WRITE:
            return Socket::output;
        case SSL_ERROR_ZERO_RETURN:
            return std::nullopt;
        case SSL_ERROR_SYSCALL:
            ERR_clear_error();
            broken_ = true;
            throw Gone(std::string(doing) + ": " +
                       (error == 0 ? "the peer closed" : std::generic_category().message(error)));
        default:
            broken_ = true;
            const long verified = SSL_get_verify_result(ssl_.get());
            const std::string why = openssl_reason();
            throw Gone(std::string(doing) + ": " + why +
                       (verified == X509_V_OK || SSL_get_verify_mode(ssl_.get()) == SSL_VERIFY_NONE
                            ? ""
                            : std::string(", ") + X509_verify_cert_error_string(verified)));
    }
}

Task<size_t> FdStream::read_tls(std::span<char> into, Deadline deadline) {
    for (;;) {
        if (socket_->closed()) throw Gone("closed");
        size_t count = 0;
        ERR_clear_error();
        errno = 0;
        const int returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
        if (returned == 1) {
            octets_ += count;
            if (octets_ >= octets_per_tls_messages) {
                octets_ = 0;
                messages_ = 0;
            }
            co_await socket_->breathe();
            co_return count;
        }
        refuse_flood();
        const std::optional<Socket::Direction> wanted = tls_wants(returned, "TLS");
        if (!wanted) co_return 0;
        co_await socket_->wait(Socket::reader, *wanted, deadline, nullptr);
    }
}

Task<void> FdStream::write_tls(std::string_view octets, Deadline deadline) {
    while (!octets.empty()) {
        if (socket_->closed()) throw Gone("closed");
        size_t count = 0;
        ERR_clear_error();
        errno = 0;
        const int returned = SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &count);
        if (returned == 1) {
            octets.remove_prefix(count);
            co_await socket_->breathe();
            continue;
        }
        const std::optional<Socket::Direction> wanted = tls_wants(returned, "TLS");
        if (!wanted) throw Gone("TLS: the peer closed");
        co_await socket_->wait(Socket::writer, *wanted, deadline, nullptr);
    }
}

Task<void> FdStream::handshake(Deadline deadline) {
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    for (;;) {
        if (socket_->closed()) throw Gone("closed");
        ERR_clear_error();
        errno = 0;
        const int returned = SSL_do_handshake(ssl_.get());
        if (returned == 1) break;
        std::optional<Socket::Direction> wanted;
        try {
            wanted = tls_wants(returned, "TLS handshake failed");
        } catch (const Gone&) {
            close();
            throw;
        }
        if (!wanted) {
            close();
            throw Gone("TLS handshake failed: the peer closed");
        }
        co_await socket_->wait(*wanted == Socket::input ? Socket::reader : Socket::writer, *wanted, deadline,
                               nullptr);
    }
    count_messages();
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    session_ = TlsSession{.version = SSL_get_version(ssl_.get()),
                          .cipher = SSL_get_cipher_name(ssl_.get()),
                          .server_name = name == nullptr ? "" : name,
                          .resumed = SSL_session_reused(ssl_.get()) == 1,
                          .verified = SSL_is_server(ssl_.get()) == 0 &&
                                      SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE &&
                                      SSL_get_verify_result(ssl_.get()) == X509_V_OK};
}

Task<void> FdStream::start_tls_server(std::shared_ptr<const TlsServer> tls, Deadline deadline) {
    ASSERT(!ssl_);
    if (socket_->closed()) throw Gone("closed");
    server_ = std::move(tls);
    ssl_.reset(server_->new_session().release());
    SSL_set_fd(ssl_.get(), socket_->descriptor());
    SSL_set_accept_state(ssl_.get());
    return handshake(deadline);
}

Task<void> FdStream::start_tls_client(TlsClient tls, Deadline deadline) {
    ASSERT(!ssl_);
    if (socket_->closed()) throw Gone("closed");
    ssl_.reset(socket_->world().tls_clients().new_session(tls).release());
    SSL_set_fd(ssl_.get(), socket_->descriptor());
    SSL_set_connect_state(ssl_.get());
    return handshake(deadline);
}

Task<FdStream::Ready> FdStream::wait_readable(Deadline deadline, Event* also) {
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    // The kernel is not asked before the first wait: mostly nothing is there, and the reactor tells at once
    // if something is. A wake-up is checked, because it may be an old one.
    bool look = ssl_ && SSL_has_pending(ssl_.get()) == 1;
    for (;;) {
        if (also != nullptr && also->is_set()) co_return Ready::event;
        if (socket_->closed()) throw Gone("closed");
        if (look && has_input()) co_return Ready::input;
        co_await socket_->wait(Socket::reader, Socket::input, deadline, also);
        look = true;
    }
}

bool FdStream::has_input() {
    if (socket_->closed()) return true;
    char octet;
    if (!ssl_) {
        const ssize_t count = recv(socket_->descriptor(), &octet, 1, MSG_PEEK);
        return count >= 0 || (errno != EAGAIN && errno != EINTR);
    }
    // Peeking reads records: a TLS 1.3 ticket or key update is no input.
    size_t count = 0;
    ERR_clear_error();
    const int returned = SSL_peek_ex(ssl_.get(), &octet, 1, &count);
    if (returned == 1) return true;
    const int why = SSL_get_error(ssl_.get(), returned);
    ERR_clear_error();
    refuse_flood();
    broken_ |= why == SSL_ERROR_SYSCALL || why == SSL_ERROR_SSL;
    return why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
}

void FdStream::close() noexcept {
    if (socket_->closed()) return;
    if (session_ && !broken_) {
        ERR_clear_error();
        (void)SSL_shutdown(ssl_.get());  // close_notify, if the kernel takes it at once
        ERR_clear_error();
    }
    socket_->close();
}

}  // namespace heliopost::net
