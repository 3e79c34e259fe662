#include "net/address.h"

#include <doctest/doctest.h>

#include "net/connection_limit.h"
#include "net/dns.h"

namespace heliopost::net {

TEST_CASE("endpoints: text to value and back") {
    struct Case {
        std::string_view text;
        std::string_view want;  // printed again; "" for a syntax error
    };
    const Case cases[] = {
        {"192.0.2.1:25", "192.0.2.1:25"},
        {"[2001:DB8::1]:993", "[2001:db8::1]:993"},
        {":25", "[::]:25"},
        {"127.0.0.1:0", "127.0.0.1:0"},
        {"/run/lmtp.sock", "/run/lmtp.sock"},
        {"", ""},
        {"192.0.2.1", ""},
        {"192.0.2.1:", ""},
        {"192.0.2.1:65536", ""},
        {"192.0.2.1:+5", ""},
        {"192.0.2.256:25", ""},
        {"2001:db8::1:25", ""},  // an IPv6 address needs its brackets
        {"[2001:db8::1:25", ""},
        {"[192.0.2.1]:25", ""},
        {"mx.example:25", ""},
    };
    for (const auto& [text, want] : cases) {
        CAPTURE(text);
        const auto got = parse_endpoint(text);
        CHECK(got.has_value() == !want.empty());
        if (got) CHECK(to_string(*got) == want);
    }
    CHECK_FALSE(parse_endpoint("/" + std::string(107, 'x')).has_value());
    CHECK(parse_endpoint("/" + std::string(106, 'x')).has_value());
}

TEST_CASE("limits count an IPv6 user by /64 and a mapped address as IPv4") {
    const auto key = [](const char* text) { return limit_key(boost::asio::ip::make_address(text)); };
    CHECK(key("192.0.2.1") == "192.0.2.1");
    CHECK(key("::ffff:192.0.2.1") == "192.0.2.1");
    CHECK(key("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
    CHECK(key("2001:db8:1:2::") == key("2001:db8:1:2:ffff::1"));
    CHECK(key("2001:db8:1:3::") != key("2001:db8:1:2::"));
}

TEST_CASE("connection limits: per address, in all, given back") {
    const ConnectionLimits limits({.per_address_max = 2, .connections_max = 3});
    const auto take = [&limits](const char* text) {
        const IpAddress address = boost::asio::ip::make_address(text);
        return limits.take(&address);
    };
    auto one = take("2001:db8::1");
    auto two = take("2001:db8::2");
    CHECK(one.has_value());
    CHECK(two.has_value());
    CHECK_FALSE(take("2001:db8::3").has_value());
    auto other = take("192.0.2.1");
    CHECK(other.has_value());
    CHECK_FALSE(take("192.0.2.2").has_value());
    CHECK_FALSE(limits.take(nullptr).has_value());
    two.reset();
    CHECK(limits.size() == 2);
    CHECK(take("2001:db8::3").has_value());
    CHECK(limits.take(nullptr).has_value());
    CHECK(limits.size() == 2);
    limits.change({.per_address_max = 2, .connections_max = 2});
    CHECK_FALSE(limits.take(nullptr).has_value());
    CHECK(limits.size() == 2);  // who is there stays
    limits.change({.per_address_max = 2, .connections_max = 3});
    CHECK(limits.take(nullptr).has_value());
    const ConnectionLimits closed({.per_address_max = 0});
    const IpAddress address = boost::asio::ip::make_address("192.0.2.1");
    CHECK_FALSE(closed.take(&address).has_value());
}

TEST_CASE("DNS records: every truncation and malformed record is left out") {
    using namespace std::string_literals;
    const std::string mx = "\0\x0A\2mx\7EXAMPLE\0"s;
    REQUIRE(mx_records({.records = {mx}}).size() == 1);
    CHECK(mx_records({.records = {mx}}).front().exchange == "mx.example");
    for (size_t length = 0; length < mx.size(); ++length) {
        CAPTURE(length);
        CHECK(mx_records({.records = {mx.substr(0, length)}}).empty());
    }
    CHECK(mx_records({.records = {mx + "x"}}).empty());
    CHECK(mx_records({.records = {"\0\x0A\3m.x\0"s}}).empty());
    CHECK(mx_records({.records = {"\0\x0A\3m\nx\0"s}}).empty());
    CHECK(mx_records({.records = {"\0\x0A\xC0\x0C"s}}).empty());  // compressed
    std::string endless = "\0\x0A"s;                              // past name_octets_max
    for (int i = 0; i < 128; ++i) endless += "\1x";
    CHECK(mx_records({.records = {endless + "\0"s}}).empty());
    CHECK(mx_records({.records = {endless.substr(0, 2 + 254) + "\0"s}}).size() == 1);
    CHECK(mx_records({.records = {"\0\0\0"s}}).front().exchange.empty());

    const std::string txt = "\2ab\1c\0"s;
    CHECK(txt_records({.records = {txt}}).front() == "abc");
    CHECK(txt_records({.records = {"\2a"s}}).empty());
    CHECK(txt_records({.records = {""s}}).empty());
    CHECK(txt_records({.records = {"\0"s}}).front().empty());
    CHECK(address_records({.records = {"\x7F\0\0\1"s, "\x7F\0\0"s, ""s, std::string(16, '\0')}}).size() == 2);
}

}  // namespace heliopost::net
