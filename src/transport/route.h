// The next hops of a destination, in the order in which they are to be tried.
//
// An address literal is its own hop; a domain has its MX records' hosts, or itself where it has none; a smart
// host is the only hop of all. Equal preferences are shuffled, a host's IPv6 and IPv4 addresses alternate.
// What an MX lookup says for good (no such domain, null MX, a loop to us) is a permanent verdict; what DNS
// could not say, or what is forged, is temporary.
//
// RFC 5321 §5.1, §4.1.3 (literals), RFC 7505 (null MX), RFC 3463 §3.5 (status codes).
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/dns.h"
#include "net/task.h"
#include "net/world.h"
#include "transport/options.h"
#include "transport/verdict.h"

namespace heliopost::transport {

inline constexpr std::size_t exchanges_max = 16;  // MX hosts looked at; RFC 5321 §5.1 asks for two addresses
inline constexpr std::size_t hops_max = 10;       // addresses tried in one attempt
inline constexpr std::chrono::seconds dns_wait_max{20};  // all lookups of an attempt: parity.md §4

struct Hop {
    std::string name;  // of the host, for TLS and the log; of a literal its address
    net::Endpoint at;
    bool operator==(const Hop&) const = default;
};

std::string to_string(const Hop& hop);  // mx.b.example [192.0.2.1]:25

using Route = std::expected<std::vector<Hop>, Verdict>;

class Router {
public:
    // Both outlive it. One Router an attempt: it holds the attempt's DNS budget.
    Router(net::World& world, const TransportOptions& options);

    // domain: normalised. Never empty when it is a value. Throws Stopped.
    net::Task<Route> find(std::string domain);

private:
    struct Addresses {
        net::DnsAnswer::Status status = net::DnsAnswer::Status::no_records;
        std::vector<net::IpAddress> list;
    };

    net::Task<Route> through_smart_host();
    net::Task<Route> through_exchanges(std::vector<net::MxRecord> records);
    net::Task<Route> through_domain(std::string domain);
    net::Task<Addresses> addresses_of(std::string name);
    void sort_and_shuffle(std::vector<net::MxRecord>& records);
    bool is_us(const std::string& name, const Addresses& addresses) const;
    void add_hops(std::vector<Hop>& hops, const std::string& name, const Addresses& addresses,
                  std::uint16_t port) const;

    net::World& world_;
    const TransportOptions& options_;
    net::DnsBudget dns_;
};

}  // namespace heliopost::transport
