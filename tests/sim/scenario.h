// Scenario: what one seed plays: how many servers and clients, what they do, and what goes wrong when.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace heliopost::sim {

enum class FaultKind : std::uint8_t {
    cut,        // connections of a server are reset
    mute,       // ... or go half-open: nothing arrives any more, and nobody is told
    partition,  // a server and its peer, or the clients, cannot reach each other for a while
    drip,       // a server's connections carry a few octets at a time
    crash,      // a server dies at some await point, and comes back
    dark,       // ... without a reset to its peers
    disk_full,
    disk_error,  // the engine reports an error at a sync: the server dies
    disk_slow,
    dns_failing,  // SERVFAIL for a domain
    dns_slow,     // past every deadline
    dns_change,   // the MX is now another name
    clock,        // the wall clock jumps 30 days ahead or one day back; time that passes does not
};
inline constexpr std::size_t fault_kinds = 13;

struct Fault {
    FaultKind kind = FaultKind::cut;
    std::chrono::microseconds at{0};
    std::chrono::microseconds lasts{0};
    std::size_t server = 0;
    std::uint64_t number = 0;  // its own random number
};
std::string to_string(const Fault& fault);

// What a run is asked for, and what shrinking leaves out.
struct Wish {
    std::uint64_t seed = 0;
    int traced = 0;                 // an IMAP client
    int steps = 0;                  // 0: as many as the seed has
    std::set<std::size_t> without;  // faults, by their place in the plan
};

struct Scenario {
    std::uint64_t seed = 0;
    int traced = 0;
    std::vector<std::string> domains;
    int users = 2;       // of each server
    int clients = 2;     // IMAP clients of each account
    int steps = 0;       // messages handed over
    int operations = 0;  // of each IMAP client
    bool smart_host = false;
    bool slow_reads = false;
    std::chrono::microseconds delay_max{0};  // of the network
    std::chrono::microseconds lasts{0};      // until everything has begun
    std::vector<Fault> faults;

    bool has(FaultKind kind) const;
};

Scenario make_scenario(const Wish& wish);

}  // namespace heliopost::sim
