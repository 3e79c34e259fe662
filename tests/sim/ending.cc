// How a Simulation ends: everything heals and comes to rest, then it is looked at.
#include <algorithm>

#include "sim/oracle.h"
#include "sim/simulation.h"

namespace heliopost::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::microseconds settle_time_max = std::chrono::days(15);  // expiry, and a clock set back
constexpr std::chrono::microseconds settle_look = 10min;
constexpr std::chrono::microseconds swept_within =
    std::chrono::hours(27);  // 24 h unused, 90 min at most between
// How far a clock may go back: times of last use are ahead then, and the sweeper waits for them. By a second
// jump it goes from 30 days ahead to one day back.
constexpr std::chrono::microseconds clock_back = 24h;
constexpr std::chrono::microseconds clock_back_twice = std::chrono::days(31);
constexpr std::size_t timers_max = 16;         // of a server at rest
constexpr std::size_t log_lines_max = 50'000;  // of a server in a run
constexpr std::size_t rows_max = 60'000;
constexpr std::uint64_t turns_max =
    500'000;  // fifteen times what the busiest run takes: something goes round

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;  // FNV-1a
    return hash;
}

}  // namespace

// The store against what every client was told, before anybody is served.
void Simulation::check_reality(SimServer& server) {
    for (int user = 1; user <= scenario_.users; ++user) {
        const std::string address = user_of(user, server.plan().domain());
        AccountTruth& truth = truth_of(address);
        for (const MailboxState& state : server.read_account(address, false))
            truth.at(state.name, state.validity)
                .read(state.listed(), state.uid_next, state.highest, stage_.now());
    }
}

void Simulation::settle() {
    victim_ = nullptr;
    for (const auto& server : servers_) server->disk().break_next_sync(store::MemoryDisk::Broken::none);
    const auto at_rest = [this] {
        return agenda_.empty() && group_.size() == 0 &&
               std::ranges::all_of(servers_, [](const auto& server) { return server->queue_is_empty(); });
    };
    const Instant end = network_.tick() + settle_time_max;
    while (!at_rest() && network_.tick() < end && network_.turns() < turns_max) advance(settle_look);
    if (network_.turns() >= turns_max) stage_.findings.add("something goes round without end");
    if (group_.size() != 0) stage_.findings.add("a client has not come to its end");
    for (const auto& server : servers_)
        if (!server->queue_is_empty())
            stage_.findings.add(server->plan().domain() + ": the queue is not empty");
    for (const auto& server : servers_)
        if (server->running()) check_reality(*server);
    Oracle oracle(&stage_.findings, &ledger_, &stage_.letters, &scenario_);
    for (const auto& server : servers_) oracle.read(*server, truths_);
    oracle.judge();
}

void Simulation::check_quiet() {
    const auto jumps = std::ranges::count(scenario_.faults, FaultKind::clock, &Fault::kind);
    advance(swept_within + (jumps > 1 ? clock_back_twice : jumps == 1 ? clock_back : 0s));
    if (!network_.links().empty())
        stage_.findings.add(std::to_string(network_.links().size()) + " connections are left");
    for (const auto& server : servers_) {
        const std::string& domain = server->plan().domain();
        if (server->connections() != 0) stage_.findings.add(domain + ": sessions are left");
        if (server->attempts() != 0) stage_.findings.add(domain + ": attempts are left");
        if (server->world().timers() > timers_max)
            stage_.findings.add(domain + ": " + std::to_string(server->world().timers()) +
                                " timers are left");
        if (server->disk().rows() > rows_max) stage_.findings.add(domain + ": too many rows");
        if (server->log().size() > log_lines_max) stage_.findings.add(domain + ": too many lines in the log");
        for (const std::string& problem : server->judge()) stage_.findings.add(domain + ": " + problem);
    }
}

void Simulation::sum_up(Report& report) const {
    report.hash = network_.event_hash();
    for (const auto& server : servers_) {
        report.crashes += static_cast<int>(server->crashes().size());
        for (const LogLine& line : server->log()) report.hash = mix(report.hash, line.text);
    }
    for (const auto& client : imap_users_) {
        report.sessions += client->counts().sessions;
        report.operations += client->counts().operations;
        report.acknowledged += client->counts().acknowledged;
    }
    for (const auto& [id, sent] : ledger_)
        for (const auto& recipient : sent.recipients) report.acknowledged += recipient.acknowledged ? 1 : 0;
    report.messages = static_cast<int>(ledger_.size());
    report.findings = stage_.findings.all();
    report.found = stage_.findings.count();
    for (const std::string& finding : report.findings) report.hash = mix(report.hash, finding);
    report.turns = network_.turns();
    report.virtual_time = std::chrono::duration_cast<std::chrono::hours>(network_.tick().time_since_epoch());
}

}  // namespace heliopost::sim
