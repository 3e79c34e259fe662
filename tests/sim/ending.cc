// How a Simulation ends: everything heals and comes to rest, then it is looked at.
#include <algorithm>

#include "base/text.h"
#include "sim/mail_user.h"
#include "sim/oracle.h"
#include "sim/simulation.h"

namespace heliopost::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::microseconds settle_time_max = std::chrono::days(15);  // expiry, and a clock set back
constexpr std::chrono::microseconds settle_look = 10min;
constexpr std::chrono::microseconds watch_time_max = 30min;
constexpr std::chrono::microseconds told_within = 60s;  // what IDLE must tell, at rest
constexpr std::chrono::microseconds swept_within =
    std::chrono::hours(27);                            // 24 h unused, 90 min at most between
constexpr std::chrono::microseconds clock_back = 24h;  // as far as it jumps: times of last use are ahead then
constexpr int probe_operations = 5;
constexpr std::size_t timers_max = 16;         // of a server at rest
constexpr std::size_t log_lines_max = 50'000;  // of a server in a run
constexpr std::size_t rows_max = 60'000;
constexpr int watcher_numbers = 100, prober_numbers = 200;

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;  // FNV-1a
    return hash;
}

std::set<std::string> words(const std::string& text) {
    std::set<std::string> all;
    if (!text.empty())
        for (const std::string_view word : split(text, ' ')) all.emplace(word);
    return all;
}

std::vector<Listed> listed(const MailboxState& state) {
    std::vector<Listed> all;
    for (const auto& row : state.rows)
        all.push_back({.uid = row.uid, .flags = words(row.flags), .mod_sequence = row.mod_sequence});
    return all;
}

}  // namespace

// The store against what every client was told, before anybody is served.
void Simulation::check_reality(SimServer& server) {
    for (int user = 1; user <= scenario_.users; ++user) {
        const std::string address = user_of(user, server.plan().domain());
        AccountTruth& truth = truth_of(address);
        for (const MailboxState& state : server.read_account(address, false))
            truth.at(state.name, state.validity)
                .read(listed(state), state.uid_next, state.highest, stage_.now());
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
    while (!at_rest() && network_.tick() < end) advance(settle_look);
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

// Clients in IDLE must be told of all that others do.
void Simulation::watch() {
    std::vector<std::unique_ptr<ImapUser>> watchers;
    std::vector<std::pair<const SimServer*, std::string>> watched;
    int number = 0;
    for (const auto& server : servers_)
        for (const char* mailbox : {"INBOX", "Shared"}) {
            const std::string address = user_of(1, server->plan().domain());
            const auto all = server->read_account(address, false);
            if (std::ranges::find(all, mailbox, &MailboxState::name) == all.end()) continue;
            ++number;
            ImapUser::Place place{server->plan().address, address, watcher_numbers + number,
                                  static_cast<Dialect>(number % 3), 0};
            watchers.push_back(
                std::make_unique<ImapUser>(&stage_, &truth_of(address), place, scenario_.seed));
            group_.spawn(watchers.back()->watch(mailbox));
            watched.emplace_back(server.get(), mailbox);
        }
    const Instant end = network_.tick() + watch_time_max;
    const auto all_watch = [&] { return std::ranges::all_of(watchers, &ImapUser::watching); };
    while (!all_watch() && network_.tick() < end) advance(1s);
    std::vector<std::unique_ptr<ImapUser>> probers;
    for (const auto& server : servers_) {
        const std::string address = user_of(1, server->plan().domain());
        group_.spawn(hand_over(
            &stage_, &ledger_,
            {Way::outside, server->plan().domain(), server->plan().address, address, {address}, false, 0}));
        ImapUser::Place place{server->plan().address, address, prober_numbers + number++, Dialect::condstore,
                              probe_operations};
        probers.push_back(std::make_unique<ImapUser>(&stage_, &truth_of(address), place, scenario_.seed));
        group_.spawn(probers.back()->run());
    }
    while (group_.size() > watchers.size() && network_.tick() < end) advance(1s);
    advance(told_within);
    for (std::size_t i = 0; i < watchers.size(); ++i) {
        const ImapModel& model = watchers[i]->model();
        const std::string who =
            user_of(1, watched[i].first->plan().domain()) + " in IDLE on " + watched[i].second;
        if (!watchers[i]->watching()) stage_.findings.add(who + ": the server ended it");
        const auto server = std::ranges::find(servers_, watched[i].first, &std::unique_ptr<SimServer>::get);
        const auto all = (*server)->read_account(user_of(1, watched[i].first->plan().domain()), false);
        const auto state = std::ranges::find(all, watched[i].second, &MailboxState::name);
        if (state == all.end() || !watchers[i]->watching()) continue;
        const auto truth = listed(*state);
        if (model.rows().size() != truth.size()) {
            stage_.findings.add(who + ": was told of " + std::to_string(model.rows().size()) +
                                " messages of " + std::to_string(truth.size()));
            continue;
        }
        for (std::size_t n = 0; n < truth.size(); ++n) {
            const Listed& told = model.rows()[n];
            if ((told.uid != 0 && told.uid != truth[n].uid) || (told.flags && told.flags != truth[n].flags))
                stage_.findings.add(who + ": was not told what became of UID " +
                                    std::to_string(truth[n].uid));
        }
    }
    stage_.closing = true;
    advance(told_within);
    for (const auto& server : servers_) check_reality(*server);
    if (group_.size() != 0) stage_.findings.add("a watching client has not come to its end");
}

void Simulation::check_quiet() {
    advance(swept_within + (scenario_.has(FaultKind::clock) ? clock_back : 0s));
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
