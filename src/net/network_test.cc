#include "net/network.h"

#include <doctest/doctest.h>

#include <string>

namespace heliopost::net {
namespace {

bool lies_in(const char* address, const char* network) {
    const auto parsed = parse_network(network);
    REQUIRE_MESSAGE(parsed.has_value(), network);
    return is_within(boost::asio::ip::make_address(address), {*parsed});
}

}  // namespace

TEST_CASE("network: an address lies in it or not") {
    CHECK(lies_in("127.0.0.1", "127.0.0.0/8"));
    CHECK(lies_in("127.255.255.255", "127.0.0.0/8"));
    CHECK_FALSE(lies_in("128.0.0.0", "127.0.0.0/8"));
    CHECK(lies_in("192.0.2.127", "192.0.2.0/25"));
    CHECK_FALSE(lies_in("192.0.2.128", "192.0.2.0/25"));
    CHECK(lies_in("192.0.2.1", "192.0.2.1"));
    CHECK_FALSE(lies_in("192.0.2.2", "192.0.2.1"));
    CHECK(lies_in("203.0.113.9", "0.0.0.0/0"));
    CHECK_FALSE(lies_in("2001:db8::1", "0.0.0.0/0"));
    CHECK(lies_in("2001:db8::1", "2001:db8::/32"));
    CHECK_FALSE(lies_in("2001:db9::1", "2001:db8::/32"));
    CHECK(lies_in("::1", "::1"));
    CHECK(lies_in("::ffff:192.0.2.1", "192.0.2.0/24"));
    CHECK(lies_in("192.0.2.1", "::ffff:192.0.2.0/120"));
    CHECK(lies_in("2001:db8::1", "::/0"));
}

TEST_CASE("network: what is none") {
    for (const char* text :
         {"", "/", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/8/8", "192.0.2",
          "example", "192.0.2.0/ 8", "192.0.2.0/99999999999999999999"})
        CHECK_MESSAGE(!parse_network(text), text);
}

}  // namespace heliopost::net
