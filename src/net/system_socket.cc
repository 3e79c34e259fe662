// Dialling and listening on real sockets.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/fd_stream.h"

namespace heliopost::net {
namespace {

// Closes unless released.
class Descriptor {
public:
    explicit Descriptor(int value) : value_(value) {}
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return value_; }
    int release() { return std::exchange(value_, -1); }

private:
    int value_;
};

std::string reason(int error) {
    return std::generic_category().message(error);
}

void set_option(int descriptor, int level, int option, int value) {
    (void)setsockopt(descriptor, level, option, &value, sizeof value);
}

int open_socket(const SocketAddress& address) {
    const int descriptor = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    // Replies are written whole: Nagle's algorithm would only delay them.
    if (descriptor >= 0 && address.storage.ss_family != AF_UNIX)
        set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    return descriptor;
}

const sockaddr* pointer(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr*>(&address.storage);
}

std::unexpected<Error> cannot_listen(const Endpoint& at, int error) {
    const std::string where = "cannot listen on " + to_string(at) + ": ";
    switch (error) {
        case EADDRINUSE:
            return fail(Fault::exists,
                        where + "in use: stop the program that listens there, or choose another");
        case EACCES:
        case EPERM:
            return fail(Fault::denied, where +
                                           "not permitted: start as root or with CAP_NET_BIND_SERVICE, "
                                           "or choose a port above 1023");
        case EADDRNOTAVAIL:
            return fail(Fault::not_found, where + "this machine has no such address: use one that it has");
        case ENOENT:
            return fail(Fault::not_found, where + "its folder does not exist: create it");
        default:
            return fail(Fault::temporary, where + reason(error));
    }
}

// A socket that a dead process left behind refuses connections and may go.
bool remove_stale(const Endpoint& at, const SocketAddress& address) {
    const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    struct stat found{};
    if (probe.get() < 0 || lstat(at.path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return false;
    if (connect(probe.get(), pointer(address), address.size) == 0 || errno != ECONNREFUSED) return false;
    return ::unlink(at.path.c_str()) == 0;
}

int bind_socket(int descriptor, const Endpoint& at, const SocketAddress& address,
                const ListenOptions& options) {
    if (at.path.empty()) {
        set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
        if (options.reuse_port) set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
        if (at.address.is_v6())
            set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, at.address.is_unspecified() ? 0 : 1);
        return bind(descriptor, pointer(address), address.size) == 0 ? 0 : errno;
    }
    // The mode of the descriptor becomes the file's, less the umask, so that it is never wider than asked.
    (void)fchmod(descriptor, options.unix_mode);
    int bound = bind(descriptor, pointer(address), address.size);
    if (bound != 0 && errno == EADDRINUSE) {
        if (!remove_stale(at, address)) return EADDRINUSE;
        bound = bind(descriptor, pointer(address), address.size);
    }
    if (bound != 0) return errno;
    return chmod(at.path.c_str(), options.unix_mode) == 0 ? 0 : errno;
}

}  // namespace

std::unique_ptr<Stream> accepted_stream(SystemWorld& world, int descriptor, const SocketAddress& from) {
    if (from.storage.ss_family != AF_UNIX) set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    return std::make_unique<FdStream>(std::make_shared<Socket>(world, descriptor), to_endpoint(from),
                                      local_endpoint(descriptor));
}

Task<std::unique_ptr<Stream>> SystemWorld::dial(Endpoint to, DialOptions options, Deadline deadline) {
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    const SocketAddress address = to_socket_address(to);
    const int descriptor = open_socket(address);
    if (descriptor < 0) throw Gone(reason(errno));
    const auto socket = std::make_shared<Socket>(*this, descriptor);
    if (options.source && to.path.empty()) {
        set_option(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        const SocketAddress source = to_socket_address({.address = *options.source});
        if (bind(descriptor, pointer(source), source.size) != 0)
            throw Gone("source address " + options.source->to_string() + ": " + reason(errno));
    }
    if (connect(descriptor, pointer(address), address.size) != 0) {
        if (errno != EINPROGRESS) throw Gone(reason(errno));
        int error = 0;
        socklen_t size = sizeof error;
        SocketAddress connected{.size = sizeof connected.storage};
        do {
            co_await socket->wait(Socket::writer, Socket::output, deadline, nullptr);
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error != 0) throw Gone(reason(error));
            // Not connected without an error: the wake-up was spurious.
        } while (getpeername(descriptor, reinterpret_cast<sockaddr*>(&connected.storage), &connected.size) !=
                 0);
    }
    co_return std::make_unique<FdStream>(socket, to, local_endpoint(descriptor));
}

Result<std::unique_ptr<Listener>> SystemWorld::listen(Endpoint at, ListenOptions options) {
    const SocketAddress address = to_socket_address(at);
    Descriptor descriptor(open_socket(address));
    if (descriptor.get() < 0) return cannot_listen(at, errno);
    const int error = bind_socket(descriptor.get(), at, address, options);
    if (error != 0) return cannot_listen(at, error);
    if (::listen(descriptor.get(), options.backlog) != 0) return cannot_listen(at, errno);
    Endpoint local = at.path.empty() ? local_endpoint(descriptor.get()) : at;
    return std::make_unique<FdListener>(*this, descriptor.release(), std::move(local));
}

}  // namespace heliopost::net
