// The faults of a Simulation: how each begins and ends.
#include "sim/simulation.h"

namespace heliopost::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t crash_turns_max = 300;  // until the await point at which a server dies
constexpr std::chrono::microseconds boot_again = 5s;
constexpr std::chrono::microseconds slow_sync = 700ms;
constexpr std::chrono::microseconds dns_latency_max = std::chrono::hours(1);

}  // namespace

void Simulation::plan_faults() {
    for (const Fault& fault : scenario_.faults) at(fault.at, [this, fault] { begin(fault); });
}

void Simulation::each_link(const SimServer& server, const std::function<void(std::uint64_t)>& act) {
    for (const net::MemoryLink& link : network_.links())
        if (link.from == server.plan().host() || link.to == server.plan().host()) act(link.id);
}

void Simulation::begin(const Fault& fault) {
    SimServer& server = *servers_[fault.server];
    const std::string& host = server.plan().host();
    Random random(fault.number);
    switch (fault.kind) {
        case FaultKind::cut:
            return each_link(server, [&](std::uint64_t link) {
                if (random.one_in(2)) network_.cut(link);
            });
        case FaultKind::mute:
            return each_link(server, [&](std::uint64_t link) {
                if (random.one_in(2)) network_.mute(link);
            });
        case FaultKind::partition:
            network_.partition(host, fault.number % 2 == 0
                                         ? "users"
                                         : servers_[(fault.server + 1) % servers_.size()]->plan().host());
            break;
        case FaultKind::drip:
            ++dripping_[host];
            break;
        case FaultKind::crash:
        case FaultKind::dark:
            if (victim_ != nullptr || !server.running()) return;
            victim_ = &server;
            victim_fault_ = fault;
            return network_.pause_after(1 + random.below(crash_turns_max));
        case FaultKind::disk_full:
            server.disk().set_full(true);
            break;
        case FaultKind::disk_error:
            return server.disk().break_next_sync(random.one_in(2) ? store::MemoryDisk::Broken::written
                                                                  : store::MemoryDisk::Broken::lost);
        case FaultKind::disk_slow:
            server.disk().set_slow(random.up_to(slow_sync));
            break;
        case FaultKind::dns_failing:
            network_.zone().set_failing(server.plan().domain());
            break;
        case FaultKind::dns_slow:
            network_.zone().set_latency(dns_latency_max);
            break;
        case FaultKind::dns_change:
            network_.zone().add_address("new." + host, server.plan().address);
            network_.zone().remove(server.plan().domain());
            network_.zone().add_mx(server.plan().domain(), 5, "new." + host);
            break;
        case FaultKind::clock:
            server.world().set_clock(random.one_in(2) ? std::chrono::days(30) : -std::chrono::days(1));
            return;
    }
    at(fault.lasts, [this, fault] { end(fault); });
}

void Simulation::end(const Fault& fault) {
    SimServer& server = *servers_[fault.server];
    const std::string& host = server.plan().host();
    switch (fault.kind) {
        case FaultKind::partition:
            return network_.partition(host,
                                      fault.number % 2 == 0
                                          ? "users"
                                          : servers_[(fault.server + 1) % servers_.size()]->plan().host(),
                                      false);
        case FaultKind::drip:
            if (--dripping_[host] == 0) dripping_.erase(host);
            return;
        case FaultKind::disk_full:
            return server.disk().set_full(false);
        case FaultKind::disk_slow:
            return server.disk().set_slow(0us);
        case FaultKind::dns_failing:
            return network_.zone().set_failing(server.plan().domain(), false);
        case FaultKind::dns_slow:
            return network_.zone().set_latency(0us);
        case FaultKind::dns_change:
            network_.zone().remove(server.plan().domain());
            return network_.zone().add_mx(server.plan().domain(), 10, host);
        default:
            return;
    }
}

// Dark: the power is cut, and the peers' kernels hear of it from nobody.
void Simulation::crash(SimServer& server, std::chrono::microseconds back_after, bool dark) {
    if (dark) each_link(server, [this](std::uint64_t link) { network_.mute(link); });
    server.crash();
    at(back_after, [this, &server] {
        if (!server.running()) boot(server);
    });
}

void Simulation::boot(SimServer& server) {
    if (!server.boot())
        return at(boot_again, [this, &server] {
            if (!server.running()) boot(server);
        });
    check_reality(server);
}

}  // namespace heliopost::sim
