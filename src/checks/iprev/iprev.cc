#include "checks/iprev/iprev.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

#include "checks/spf/check_host.h"

namespace heliopost::iprev_check {
namespace {

net::IpAddress unmapped(const net::IpAddress& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

bool has_failed(const net::DnsAnswer& answer) {
    return answer.status == net::DnsAnswer::Status::failed || answer.status == net::DnsAnswer::Status::bogus;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
    constexpr std::array<std::string_view, 4> names{"pass", "fail", "temperror", "permerror"};
    return names.at(static_cast<size_t>(verdict));
}

net::Task<Answer> check_name(net::DnsBudget* dns, net::IpAddress client) {
    client = unmapped(client);
    const std::string address = client.to_string();
    const net::DnsAnswer reverse = co_await dns->query(spf_check::reverse_name(client), net::RecordType::ptr);
    if (has_failed(reverse))
        co_return Answer{Verdict::temp_error, "", "the DNS did not answer for the name of " + address};
    std::vector<std::string> names = net::ptr_records(reverse);
    if (names.empty()) co_return Answer{Verdict::perm_error, "", address + " has no name"};
    if (names.size() > names_max) names.resize(names_max);
    bool failed = false;
    for (const std::string& name : names) {
        const auto type = client.is_v4() ? net::RecordType::a : net::RecordType::aaaa;
        const net::DnsAnswer forward = co_await dns->query(name, type);
        failed |= has_failed(forward);
        const std::vector<net::IpAddress> addresses = net::address_records(forward);
        if (std::ranges::find(addresses, client) != addresses.end())
            co_return Answer{Verdict::pass, name, address + " is " + name};
    }
    if (failed)
        co_return Answer{Verdict::temp_error, names.front(), "the DNS did not answer for " + names.front()};
    co_return Answer{Verdict::fail, names.front(), names.front() + " is not at " + address};
}

}  // namespace heliopost::iprev_check
