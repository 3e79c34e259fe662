// Tells systemd about the service: sd_notify(3)'s protocol, a datagram to the socket that NOTIFY_SOCKET
// names.
#pragma once

#include <string>
#include <string_view>

namespace heliopost::net {

// state: "READY=1", "STOPPING=1", "RELOADING=1\nMONOTONIC_USEC=...", "WATCHDOG=1", "STATUS=...".
// socket: the value of NOTIFY_SOCKET; empty means that nobody listens. Never blocks; false when not sent.
bool notify_systemd(const std::string& socket, std::string_view state);

}  // namespace heliopost::net
