#include "net/own_addresses.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace heliopost::net {

TEST_CASE("own addresses: those that a listener answers on the port") {
    std::vector<IpAddress> here;
    for (const char* address : {"127.0.0.1", "192.0.2.1", "::1", "2001:db8::1"})
        here.push_back(boost::asio::ip::make_address(address));
    struct Case {
        std::vector<std::string> listening;
        std::string want;
    };
    const Case cases[] = {
        {{":25"}, "127.0.0.1 192.0.2.1 ::1 2001:db8::1 "},
        {{"0.0.0.0:25"}, "127.0.0.1 192.0.2.1 "},
        {{"198.51.100.7:25"}, "198.51.100.7 "},
        {{"[::ffff:198.51.100.7]:25"}, "198.51.100.7 "},
        {{"[2001:db8::7]:25", "198.51.100.7:25", "198.51.100.7:25"}, "2001:db8::7 198.51.100.7 "},
        {{":2525", "192.0.2.1:587"}, ""},  // mail to port 25 does not come here
        {{"/run/mx.sock"}, ""},
        {{}, ""},
    };
    for (const auto& [listening, want] : cases) {
        CAPTURE(want);
        std::vector<Endpoint> at;
        for (const std::string& text : listening) at.push_back(parse_endpoint(text).value());
        std::string got;
        for (const IpAddress& address : reached_at(at, 25, here)) got += address.to_string() + ' ';
        CHECK(got == want);
    }
}

TEST_CASE("own addresses: the system names the loopback address, and none twice") {
    std::vector<IpAddress> here = interface_addresses();
    CHECK(std::ranges::find(here, boost::asio::ip::make_address("127.0.0.1")) != here.end());
    std::ranges::sort(here);
    CHECK(std::ranges::adjacent_find(here) == here.end());
}

}  // namespace heliopost::net
