#include "net/address.h"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include "base/text.h"

namespace heliopost::net {

namespace ip = boost::asio::ip;

std::string to_string(const Endpoint& endpoint) {
    if (!endpoint.path.empty()) return endpoint.path;
    const std::string address = endpoint.address.to_string();
    const std::string port = std::to_string(endpoint.port);
    return endpoint.address.is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    const auto wrong = [text] {
        return fail(Fault::syntax,
                    "\"" + std::string(text) +
                        "\" is no address and port: write 192.0.2.1:25, [2001:db8::1]:25, :25 or "
                        "the path of a socket");
    };
    if (text.starts_with('/')) {
        if (text.size() >= 108 || text.contains('\0')) return wrong();  // sockaddr_un::sun_path, unix(7)
        return Endpoint{.path = std::string(text)};
    }
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return wrong();
    const std::optional<std::uint64_t> port = to_number(text.substr(colon + 1));
    if (!port || *port > 65535) return wrong();

    Endpoint endpoint{.port = static_cast<std::uint16_t>(*port)};
    std::string_view address = text.substr(0, colon);
    boost::system::error_code error;
    if (address.empty()) {
        endpoint.address = ip::address_v6::any();
    } else if (address.starts_with('[') && address.ends_with(']')) {
        address.remove_prefix(1);
        address.remove_suffix(1);
        endpoint.address = ip::make_address_v6(std::string(address), error);
    } else {
        endpoint.address = ip::make_address_v4(std::string(address), error);
    }
    if (error) return wrong();
    return endpoint;
}

std::string limit_key(const IpAddress& address) {
    if (address.is_v4()) return address.to_string();
    const ip::address_v6 v6 = address.to_v6();
    if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6).to_string();
    ip::address_v6::bytes_type octets = v6.to_bytes();
    std::fill(octets.begin() + 8, octets.end(), std::uint8_t{0});
    return ip::address_v6(octets).to_string() + "/64";
}

}  // namespace heliopost::net
