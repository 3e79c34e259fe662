#include "sim/simulation.h"

#include <algorithm>
#include <utility>

#include "sim/mail_user.h"

namespace heliopost::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t delays_stream = 3, errands_stream = 10'000;
constexpr std::size_t drip_octets_max = 24;
constexpr std::chrono::microseconds drip_delay_max = 80ms;

}  // namespace

Simulation::Simulation(Scenario scenario)
    : scenario_(std::move(scenario)),
      network_(scenario_.seed),
      delays_(scenario_.seed, delays_stream),
      stage_{.users = &network_.add_host("users", {"192.0.2.9"}),
             .findings = {},
             .closing = false,
             .letters = {}},
      group_(*stage_.users, "users") {
    stage_.traced = scenario_.traced;
    const auto drips = [this](const net::MemoryLink& link) {
        return dripping_.contains(link.from) || dripping_.contains(link.to);
    };
    network_.set_delay([this, drips](const net::MemoryLink& link) {
        return delays_.up_to(drips(link) ? drip_delay_max : scenario_.delay_max);
    });
    network_.set_piece([this, drips](const net::MemoryLink& link) {
        return drips(link) ? 1 + delays_.below(drip_octets_max) : SIZE_MAX;
    });
    for (std::size_t i = 0; i < scenario_.domains.size(); ++i) {
        ServerPlan plan;
        plan.domains = scenario_.domains;
        plan.number = i;
        plan.users = scenario_.users;
        plan.address = "192.0.2." + std::to_string(i + 1);
        if (scenario_.smart_host && i == 0) plan.smart_host = "mx." + scenario_.domains[1];
        plan.seed = scenario_.seed;
        plan.slow_reads = scenario_.slow_reads;
        servers_.push_back(std::make_unique<SimServer>(network_, std::move(plan)));
    }
}

Simulation::~Simulation() {
    stage_.users->crash();
    network_.finish_turns();
}

AccountTruth& Simulation::truth_of(const std::string& address) {
    auto& place = truths_[address];
    if (!place) place = std::make_unique<AccountTruth>(&stage_.findings, address);
    return *place;
}

void Simulation::add_clients() {
    int number = 0;
    for (const auto& server : servers_)
        for (int user = 1; user <= scenario_.users; ++user) {
            const std::string address = user_of(user, server->plan().domain());
            for (int client = 0; client < scenario_.clients; ++client) {
                ImapUser::Place place{.address = server->plan().address,
                                      .user = address,
                                      .number = ++number,
                                      .dialect = static_cast<Dialect>(number % 3),
                                      .operations = scenario_.operations};
                imap_users_.push_back(std::make_unique<ImapUser>(&stage_, &truth_of(address),
                                                                 std::move(place), scenario_.seed));
                group_.spawn(imap_users_.back()->run());
            }
            if (user != 2) continue;
            pop3_users_.push_back(std::make_unique<Pop3User>(
                &stage_, &truth_of(address), server->plan().address, address, scenario_.operations / 3,
                scenario_.seed + static_cast<std::uint64_t>(number)));
            group_.spawn(pop3_users_.back()->run());
        }
}

void Simulation::plan_errands() {
    for (int step = 0; step < scenario_.steps; ++step) {
        Random random(scenario_.seed, errands_stream + static_cast<std::uint64_t>(step));
        const auto& domains = scenario_.domains;
        const auto any_address = [&] {
            const std::string& domain = domains[random.below(domains.size())];
            static constexpr std::string_view names[] = {"team", "away", "nobody", "loop"};
            if (random.one_in(5)) return std::string(names[random.below(std::size(names))]) + "@" + domain;
            return user_of(1 + static_cast<int>(random.below(static_cast<std::uint64_t>(scenario_.users))),
                           domain);
        };
        Errand errand;
        const SimServer& server = *servers_[random.below(servers_.size())];
        errand.server = server.plan().domain();
        errand.server_address = server.plan().address;
        errand.way = random.one_in(5) ? Way::lmtp : random.one_in(4) ? Way::outside : Way::submission;
        const std::string& home =
            errand.way == Way::outside ? domains[random.below(domains.size())] : errand.server;
        errand.from = user_of(1 + static_cast<int>(random.below(2)), home);
        // Now and then a sender that is nobody: the notification about its message can go nowhere.
        if (errand.way == Way::outside && random.one_in(5)) errand.from = "ghost@" + home;
        while (errand.recipients.empty() || random.one_in(3))
            if (std::string to = any_address();
                std::ranges::find(errand.recipients, to) == errand.recipients.end())
                errand.recipients.push_back(std::move(to));
        errand.chunks = errand.way != Way::lmtp && random.one_in(3);
        errand.random = random.next();
        at(random.up_to(scenario_.lasts),
           [this, errand] { group_.spawn(hand_over(&stage_, &ledger_, errand)); });
    }
}

void Simulation::at(std::chrono::microseconds when, std::function<void()> work) {
    agenda_.emplace(network_.tick() + when, std::move(work));
}

void Simulation::advance(std::chrono::microseconds time) {
    advance_to(network_.tick() + time);
}

void Simulation::advance_to(Instant end) {
    for (;;) {
        while (!agenda_.empty() && agenda_.begin()->first <= network_.tick()) {
            const auto work = agenda_.extract(agenda_.begin());
            work.mapped()();
        }
        if (network_.tick() >= end) return;
        const Instant next = agenda_.empty() ? end : std::min(end, agenda_.begin()->first);
        network_.run_for(next - network_.tick());
        look_after_the_dead();
    }
}

void Simulation::look_after_the_dead() {
    if (!network_.take_pause()) return;
    if (SimServer* const victim = std::exchange(victim_, nullptr); victim != nullptr && victim->running())
        crash(*victim, victim_fault_.lasts, victim_fault_.kind == FaultKind::dark);
    for (const auto& server : servers_)
        if (server->running() && server->dead()) crash(*server, 10s, false);
}

Report Simulation::run() {
    for (const auto& server : servers_) boot(*server);
    plan_errands();
    plan_faults();
    add_clients();
    advance(scenario_.lasts);
    settle();
    if (stage_.findings.empty()) watch();
    if (stage_.findings.empty()) check_quiet();
    Report report;
    sum_up(report);
    return report;
}

}  // namespace heliopost::sim
