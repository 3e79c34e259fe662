#include "net/network.h"

#include <algorithm>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <optional>
#include <span>

#include "base/text.h"

namespace heliopost::net {
namespace {

IpAddress plain(const IpAddress& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

bool same_front(std::span<const unsigned char> a, std::span<const unsigned char> b, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (!std::ranges::equal(a.first(whole), b.first(whole))) return false;
    const unsigned rest = bits % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

bool contains(const Network& network, const IpAddress& address) {
    if (network.address.is_v4() != address.is_v4()) return false;
    if (address.is_v4())
        return same_front(network.address.to_v4().to_bytes(), address.to_v4().to_bytes(), network.bits);
    return same_front(network.address.to_v6().to_bytes(), address.to_v6().to_bytes(), network.bits);
}

}  // namespace

Result<Network> parse_network(std::string_view text) {
    const auto slash = text.find('/');
    boost::system::error_code error;
    Network network;
    network.address = boost::asio::ip::make_address(std::string(text.substr(0, slash)), error);
    const unsigned most = network.address.is_v4() ? 32 : 128;
    std::optional<std::uint64_t> bits = most;
    if (slash != std::string_view::npos) bits = to_number(text.substr(slash + 1));
    if (error || !bits || *bits > most)
        return fail(Fault::syntax,
                    "\"" + std::string(text) + "\" is no network: write 192.0.2.0/24 or 2001:db8::/32");
    network.bits = static_cast<unsigned>(*bits);
    const IpAddress v4 = plain(network.address);
    if (v4.is_v4() && network.address.is_v6() && network.bits >= 96) return Network{v4, network.bits - 96};
    return network;
}

bool is_within(const IpAddress& address, const std::vector<Network>& networks) {
    const IpAddress looked_for = plain(address);
    return std::ranges::any_of(networks, [&](const Network& one) { return contains(one, looked_for); });
}

}  // namespace heliopost::net
