// Network: a range of IP addresses, as "192.0.2.0/24" or one address alone.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace heliopost::net {

struct Network {
    IpAddress address;
    unsigned bits = 0;  // of the front that count
    bool operator==(const Network&) const = default;
};

// Fails with Fault::syntax. Octets past the bits are left as they are: they count for nothing.
Result<Network> parse_network(std::string_view text);

// An IPv4-mapped address counts as IPv4, in the address and in the networks.
bool is_within(const IpAddress& address, const std::vector<Network>& networks);

}  // namespace heliopost::net
