#include "transport/route.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <map>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "net/own_addresses.h"

namespace heliopost::transport {
namespace {

using Status = net::DnsAnswer::Status;

bool is_unknown(Status status) {
    return status == Status::failed || status == Status::bogus;
}

Verdict dns_failure(Status status, const std::string& name) {
    return temporary({4, 4, 3}, status == Status::bogus ? "forged DNS answer for " + name
                                                        : "DNS gave no answer for " + name);
}

std::optional<net::IpAddress> parse_ip(std::string_view text) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(text, error);
    return error ? std::nullopt : std::optional(address);
}

// address-literal = "[" ( IPv4 / "IPv6:" IPv6 ) "]"
std::optional<net::IpAddress> parse_literal(std::string_view domain) {
    if (domain.size() < 2 || domain.front() != '[' || domain.back() != ']') return std::nullopt;
    std::string_view inside = domain.substr(1, domain.size() - 2);
    if (starts_with_ignoring_case(inside, "ipv6:")) inside.remove_prefix(5);
    return parse_ip(inside);
}

}  // namespace

std::string to_string(const Hop& hop) {
    return hop.name + " [" + hop.at.address.to_string() + "]:" + std::to_string(hop.at.port);
}

Router::Router(net::World& world, const TransportOptions& options)
    : world_(world), options_(options), dns_(world.resolver(), world.after(dns_wait_max)) {}

net::Task<Route> Router::find(std::string domain) {
    if (options_.smart_host) {
        Route route = co_await through_smart_host();
        co_return route;
    }
    if (domain.starts_with('[')) {
        const auto address = parse_literal(domain);
        if (!address) co_return std::unexpected(permanent({5, 1, 3}, "no such kind of address: " + domain));
        const Addresses only{.status = Status::found, .list = {*address}};
        if (is_us(domain, only))
            co_return std::unexpected(permanent({5, 4, 6}, "the mail for " + domain + " loops back to us"));
        std::vector<Hop> hops;
        add_hops(hops, domain, only, options_.port);
        if (hops.empty()) co_return std::unexpected(permanent({5, 4, 4}, "no way to " + domain));
        co_return hops;
    }
    net::DnsAnswer answer = co_await dns_.query(domain, net::RecordType::mx);
    if (is_unknown(answer.status)) co_return std::unexpected(dns_failure(answer.status, domain));
    if (answer.status == Status::no_name)
        co_return std::unexpected(permanent({5, 1, 2}, "the domain does not exist: " + domain));
    std::vector<net::MxRecord> records = net::mx_records(answer);
    if (records.size() == 1 && records.front().exchange.empty())  // RFC 7505 §3
        co_return std::unexpected(permanent({5, 1, 10}, "the domain takes no mail: " + domain));
    std::erase_if(records, [](const net::MxRecord& record) { return record.exchange.empty(); });
    if (answer.status == Status::no_records || answer.records.empty()) {
        Route route = co_await through_domain(std::move(domain));
        co_return route;
    }
    Route route = co_await through_exchanges(std::move(records));
    co_return route;
}

net::Task<Route> Router::through_smart_host() {
    const std::optional<SmartHost>& smart_host = options_.smart_host;
    ASSERT(smart_host.has_value());
    const std::string name = smart_host->host;
    const std::uint16_t port = smart_host->port;
    std::vector<Hop> hops;
    if (const auto address = parse_ip(name)) {
        hops.push_back({.name = name, .at = {.address = *address, .port = port, .path = {}}});
        co_return hops;
    }
    const Addresses addresses = co_await addresses_of(name);
    add_hops(hops, name, addresses, port);
    // Whatever is wrong here is ours, not the recipient's: the mail waits for the administrator.
    if (hops.empty())
        co_return std::unexpected(temporary({4, 4, 4}, "no address for the smart host " + name));
    co_return hops;
}

// RFC 5321 §5.1: without MX the domain is its own, of preference 0.
net::Task<Route> Router::through_domain(std::string domain) {
    const Addresses addresses = co_await addresses_of(domain);
    if (is_unknown(addresses.status)) co_return std::unexpected(dns_failure(addresses.status, domain));
    if (addresses.list.empty())
        co_return std::unexpected(permanent({5, 1, 2}, "the domain has no mail host: " + domain));
    if (is_us(domain, addresses))
        co_return std::unexpected(permanent({5, 4, 6}, "the mail for " + domain + " loops back to us"));
    std::vector<Hop> hops;
    add_hops(hops, domain, addresses, options_.port);
    if (hops.empty()) co_return std::unexpected(permanent({5, 4, 4}, "no way to " + domain));
    co_return hops;
}

void Router::sort_and_shuffle(std::vector<net::MxRecord>& records) {
    for (std::size_t i = records.size(); i > 1; --i)
        std::swap(records[i - 1], records[world_.random_number() % i]);
    std::multimap<std::uint16_t, net::MxRecord> sorted;  // keeps the order of equals
    for (net::MxRecord& record : records) sorted.emplace(record.preference, std::move(record));
    records.clear();
    for (auto& [preference, record] : sorted)
        if (records.size() < exchanges_max) records.push_back(std::move(record));
}

// RFC 5321 §5.1: where one of the hosts is us, its preference and the worse ones are of no use.
net::Task<Route> Router::through_exchanges(std::vector<net::MxRecord> records) {
    sort_and_shuffle(records);
    std::vector<Hop> hops;
    std::size_t better = 0;  // hops of preferences below the current one
    std::optional<Verdict> unknown;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const net::MxRecord record = records[i];
        if (i > 0 && record.preference != records[i - 1].preference) {
            if (hops.size() >= hops_max) break;
            better = hops.size();
        }
        const Addresses addresses = co_await addresses_of(record.exchange);
        if (is_us(record.exchange, addresses)) {
            hops.resize(better);
            if (hops.empty() && !unknown)
                co_return std::unexpected(permanent({5, 4, 6}, "mail loops back to us: " + record.exchange));
            break;
        }
        if (is_unknown(addresses.status)) unknown = dns_failure(addresses.status, record.exchange);
        add_hops(hops, record.exchange, addresses, options_.port);
    }
    if (hops.size() > hops_max) hops.resize(hops_max);
    if (!hops.empty()) co_return hops;
    if (unknown) co_return std::unexpected(*std::move(unknown));
    co_return std::unexpected(permanent({5, 4, 4}, "none of the domain's mail hosts has an address"));
}

net::Task<Router::Addresses> Router::addresses_of(std::string name) {
    const net::DnsAnswer v4 = co_await dns_.query(name, net::RecordType::a);
    net::DnsAnswer v6{.status = Status::no_records, .canonical_name = {}, .records = {}};
    if (options_.ipv6) v6 = co_await dns_.query(name, net::RecordType::aaaa);
    Addresses found;
    const std::vector<net::IpAddress> fours = net::address_records(v4);
    const std::vector<net::IpAddress> sixes = net::address_records(v6);
    for (std::size_t i = 0; i < std::max(fours.size(), sixes.size()); ++i) {
        if (i < sixes.size()) found.list.push_back(sixes[i]);
        if (i < fours.size()) found.list.push_back(fours[i]);
    }
    if (!found.list.empty()) {
        found.status = Status::found;
    } else if (is_unknown(v4.status)) {
        found.status = v4.status;
    } else if (is_unknown(v6.status)) {
        found.status = v6.status;
    }
    co_return found;
}

bool Router::is_us(const std::string& name, const Addresses& addresses) const {
    if (same_ignoring_case(name, options_.host_name) || same_ignoring_case(name, options_.helo_name))
        return true;
    return std::ranges::any_of(addresses.list, [this](const net::IpAddress& found) {
        const net::IpAddress address = net::unmapped(found);
        // To dial 0.0.0.0 or :: reaches the host itself.
        return address.is_unspecified() ||
               std::ranges::find(options_.own_addresses, address) != options_.own_addresses.end();
    });
}

void Router::add_hops(std::vector<Hop>& hops, const std::string& name, const Addresses& addresses,
                      std::uint16_t port) const {
    for (const net::IpAddress& address : addresses.list) {
        if (address.is_unspecified() || address.is_multicast()) continue;
        if (address.is_v6() && !options_.ipv6) continue;
        hops.push_back({.name = name, .at = {.address = address, .port = port, .path = {}}});
    }
}

std::string destination_of(const TransportOptions& options, std::string_view domain) {
    return options.smart_host ? options.smart_host->host : std::string(domain);
}

}  // namespace heliopost::transport
