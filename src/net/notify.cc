#include "net/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

namespace heliopost::net {

bool notify_systemd(const std::string& socket, std::string_view state) {
    sockaddr_un address{};
    if (socket.size() < 2 || socket.size() >= sizeof address.sun_path) return false;
    if (socket.front() != '/' && socket.front() != '@') return false;
    address.sun_family = AF_UNIX;
    socket.copy(address.sun_path, socket.size());
    if (socket.front() == '@') address.sun_path[0] = '\0';  // an abstract socket: unix(7)
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());

    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return false;
    const ssize_t sent = sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), size);
    ::close(descriptor);
    return sent == static_cast<ssize_t>(state.size());
}

}  // namespace heliopost::net
