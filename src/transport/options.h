// What the administrator decides about outgoing mail. Values only; every limit has its default here.
//
// RFC 5321 §4.5.4.1 (sending strategy), §5.1 (next hops), RFC 7435 (opportunistic TLS), RFC 8314 §3.3
// (TLS from the start).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "net/address.h"
#include "queue/retry.h"

namespace heliopost::signing {
class Keys;
}

namespace heliopost::transport {

// All mail goes through this host instead of the recipients' own: most hosts block outbound port 25.
struct SmartHost {
    std::string host;  // a name (its addresses, never its MX) or an IP address
    std::uint16_t port = 587;
    bool tls_from_start = false;  // port 465
    bool require_tls = true;      // and verify its name; without it the mail waits
    std::string user;             // empty: no AUTH. Never sent without TLS
    Secret password;
    std::string roots_file;  // PEM; empty: the system's
};

struct TransportOptions {
    std::string host_name;  // Reporting-MTA and sender of DSNs; an MX list that names it leads to us
    std::string helo_name;  // in EHLO, and us as well; empty: host_name
    std::optional<SmartHost> smart_host;
    std::uint16_t port = 25;  // of every MX
    bool ipv6 = true;
    std::vector<net::IpAddress> source_addresses;  // one of the peer's family, at random; none: the system's
    std::vector<net::IpAddress> own_addresses;     // we listen here on `port`: an MX at one of them is us

    std::size_t connections_max = 100;                              // attempts at a time
    std::size_t per_destination_max = 5;                            // of them to one destination
    std::size_t messages_per_connection_max = 50;                   // then QUIT
    std::chrono::milliseconds cached_for{std::chrono::seconds(3)};  // an idle connection; 0: not kept
    queue::RetryOptions retry;
    const signing::Keys* keys = nullptr;  // what signs DSNs, and outlives the transport; null: nothing
};

// What shares a connection: QueueOptions::destination_of. A smart host gives the same for all.
std::string destination_of(const TransportOptions& options, std::string_view domain);

}  // namespace heliopost::transport
