#include "net/own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <cstring>
#include <memory>
#include <optional>

namespace heliopost::net {

namespace ip = boost::asio::ip;

namespace {

std::optional<IpAddress> address_of(const sockaddr* from) {
    if (from == nullptr) return std::nullopt;
    if (from->sa_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, from, sizeof in);
        return ip::address_v4(ntohl(in.sin_addr.s_addr));
    }
    if (from->sa_family != AF_INET6) return std::nullopt;
    sockaddr_in6 in{};
    std::memcpy(&in, from, sizeof in);
    ip::address_v6::bytes_type octets;
    std::memcpy(octets.data(), &in.sin6_addr, octets.size());
    return ip::address_v6(octets);
}

void add(std::vector<IpAddress>& to, const IpAddress& address) {
    if (std::ranges::find(to, address) == to.end()) to.push_back(address);
}

}  // namespace

std::vector<IpAddress> interface_addresses() {
    std::vector<IpAddress> found;
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) return found;
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(first, &freeifaddrs);
    for (const ifaddrs* one = all.get(); one != nullptr; one = one->ifa_next)
        if (const auto address = address_of(one->ifa_addr)) add(found, *address);
    return found;
}

std::vector<IpAddress> reached_at(const std::vector<Endpoint>& listening, std::uint16_t port,
                                  const std::vector<IpAddress>& here) {
    std::vector<IpAddress> reached;
    for (const Endpoint& at : listening) {
        if (!at.path.empty() || at.port != port) continue;
        if (!at.address.is_unspecified()) {
            add(reached, unmapped(at.address));
            continue;
        }
        for (const IpAddress& address : here)
            if (at.address.is_v6() || address.is_v4()) add(reached, address);
    }
    return reached;
}

IpAddress unmapped(const IpAddress& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

}  // namespace heliopost::net
