// At rest, some clients sit in IDLE: they must be told of all that others do, soon and of everything.
#include <algorithm>

#include "sim/mail_user.h"
#include "sim/simulation.h"

namespace heliopost::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::microseconds watch_time_max = 30min;
constexpr std::chrono::microseconds told_within = 30s;
// What a client has told of may wait in a window of TCP while more happens: the next change must not be lost.
constexpr std::size_t narrow_octets = 40;
constexpr int bursts = 5, burst_letters = 4;
constexpr int probe_operations = 2;
constexpr int watcher_numbers = 100, prober_numbers = 200;

}  // namespace

void Simulation::begin_watching() {
    for (const auto& server : servers_)
        for (const char* mailbox : {"INBOX", "Shared"}) {
            const std::string address = user_of(1, server->plan().domain());
            const auto there = server->read_account(address, false);
            if (std::ranges::find(there, mailbox, &MailboxState::name) == there.end()) continue;
            const int number = watcher_numbers + static_cast<int>(watched_.size());
            ImapUser::Place place{server->plan().address, address, number, static_cast<Dialect>(number % 3),
                                  0};
            watched_.push_back(
                {server.get(), address, mailbox,
                 std::make_unique<ImapUser>(&stage_, &truth_of(address), place, scenario_.seed)});
            group_.spawn(watched_.back().client->watch(mailbox));
        }
    const Instant end = network_.tick() + watch_time_max;
    const auto watching = [](const Watched& watched) { return watched.client->watching(); };
    while (!std::ranges::all_of(watched_, watching) && network_.tick() < end) advance(1s);
}

// Messages that arrive at the same time, and another client at work: what comes while a change is being told
// must not be forgotten.
void Simulation::probe(int burst) {
    int number = prober_numbers + burst * static_cast<int>(servers_.size());
    for (const auto& server : servers_) {
        const std::string address = user_of(1, server->plan().domain());
        for (int i = 0; i < burst_letters; ++i)
            group_.spawn(hand_over(&stage_, &ledger_,
                                   {Way::outside,
                                    server->plan().domain(),
                                    server->plan().address,
                                    address,
                                    {address},
                                    false,
                                    0}));
        ImapUser::Place place{server->plan().address, address, number++, Dialect::condstore,
                              probe_operations};
        imap_users_.push_back(
            std::make_unique<ImapUser>(&stage_, &truth_of(address), std::move(place), scenario_.seed));
        group_.spawn(imap_users_.back()->run());
    }
}

void Simulation::compare(const Watched& watched) {
    const std::string who = watched.address + " in IDLE on " + watched.mailbox;
    if (!watched.client->watching()) return stage_.findings.add(who + ": the server ended it");
    const auto all = watched.server->read_account(watched.address, false);
    const auto state = std::ranges::find(all, watched.mailbox, &MailboxState::name);
    if (state == all.end()) return stage_.findings.add(who + ": the mailbox is gone");
    const auto truth = state->listed();
    const auto& told = watched.client->model().rows();
    if (told.size() != truth.size())
        return stage_.findings.add(who + ": was told of " + std::to_string(told.size()) + " messages of " +
                                   std::to_string(truth.size()));
    for (std::size_t i = 0; i < truth.size(); ++i)
        if ((told[i].uid != 0 && told[i].uid != truth[i].uid) ||
            (told[i].flags && told[i].flags != truth[i].flags))
            stage_.findings.add(who + ": was not told what became of UID " + std::to_string(truth[i].uid));
}

void Simulation::watch() {
    begin_watching();
    network_.set_room([](const net::MemoryLink&) { return narrow_octets; });
    for (int burst = 0; burst < bursts && stage_.findings.empty(); ++burst) {
        probe(burst);
        const Instant end = network_.tick() + watch_time_max;
        while (group_.size() > watched_.size() && network_.tick() < end) advance(1s);
        advance(told_within);
        for (const Watched& one : watched_) compare(one);
    }
    stage_.closing = true;
    const Instant end = network_.tick() + watch_time_max;
    while (group_.size() != 0 && network_.tick() < end) advance(1s);
    for (const auto& server : servers_) check_reality(*server);
    if (group_.size() != 0) stage_.findings.add("a watching client has not come to its end");
}

}  // namespace heliopost::sim
