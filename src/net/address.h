// IP addresses and endpoints as values, free of any socket.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::net {

using IpAddress = boost::asio::ip::address;

// A TCP address and port, or a Unix socket where path is not empty.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
    std::string path;

    bool operator==(const Endpoint&) const = default;
};

std::string to_string(const Endpoint& endpoint);  // 192.0.2.1:25, [2001:db8::1]:25, /run/lmtp.sock

// "192.0.2.1:25", "[::1]:25", ":25" (all addresses, the same as "[::]:25", which takes IPv4 too), "/path".
// Fails with Fault::syntax.
Result<Endpoint> parse_endpoint(std::string_view text);

// What limits per address count by: an IPv4 address, or the /64 of an IPv6 address (an IPv4-mapped
// address counts as IPv4).
std::string limit_key(const IpAddress& address);

}  // namespace heliopost::net
