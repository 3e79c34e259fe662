// At which addresses this machine is reached on a port, so that mail is not sent to ourselves.
//
// Deviates from completeness where it cannot know: an address that a router in front of us translates
// (NAT) is on none of our interfaces. Looked up when asked, not watched.
//
// RFC 5321 §5.1 (an MX list that holds us).
#pragma once

#include <cstdint>
#include <vector>

#include "net/address.h"

namespace heliopost::net {

// Of every interface, loopback too, without scope ids; empty where the system does not say.
std::vector<IpAddress> interface_addresses();

// Those that a listener at one of the endpoints answers on the port: its own address, or all of `here`
// (of IPv4 alone for 0.0.0.0) where it listens on any.
std::vector<IpAddress> reached_at(const std::vector<Endpoint>& listening, std::uint16_t port,
                                  const std::vector<IpAddress>& here);

// An IPv4-mapped IPv6 address as the IPv4 address it leads to (RFC 4291 §2.5.5.2); others as they are.
IpAddress unmapped(const IpAddress& address);

}  // namespace heliopost::net
