// Simulation: one seed, from the first boot to the oracle's word.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/memory_world.h"
#include "net/task_group.h"
#include "sim/actor.h"
#include "sim/imap_user.h"
#include "sim/ledger.h"
#include "sim/pop3_user.h"
#include "sim/scenario.h"
#include "sim/sim_server.h"
#include "sim/truth.h"

namespace heliopost::sim {

struct Report {
    std::uint64_t hash = 0;
    std::vector<std::string> findings;
    std::size_t found = 0;
    int messages = 0, acknowledged = 0, sessions = 0, operations = 0, crashes = 0;
    std::uint64_t turns = 0;
    std::chrono::hours virtual_time{0};
};

class Simulation {
public:
    explicit Simulation(Scenario scenario);
    ~Simulation();
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    Report run();

    // For a look at a failing seed.
    const std::vector<std::unique_ptr<SimServer>>& servers() const { return servers_; }

private:
    void add_clients();
    void plan_errands();
    void advance(std::chrono::microseconds time);
    void advance_to(Instant end);
    void look_after_the_dead();
    void at(std::chrono::microseconds when, std::function<void()> work);

    // faults.cc
    void plan_faults();
    void begin(const Fault& fault);
    void end(const Fault& fault);
    void crash(SimServer& server, std::chrono::microseconds back_after, bool dark);
    void boot(SimServer& server);
    void each_link(const SimServer& server, const std::function<void(std::uint64_t)>& act);

    // watching.cc
    struct Watched {
        SimServer* server = nullptr;
        std::string address;
        std::string mailbox;
        std::unique_ptr<ImapUser> client;
    };
    void watch();
    void begin_watching();
    void probe(int burst);
    void compare(const Watched& watched);

    // ending.cc
    void settle();
    void check_quiet();
    void check_reality(SimServer& server);
    void sum_up(Report& report) const;

    AccountTruth& truth_of(const std::string& address);

    const Scenario scenario_;
    net::MemoryNetwork network_;
    Random delays_;
    Stage stage_;
    net::TaskGroup group_;
    std::vector<std::unique_ptr<SimServer>> servers_;
    std::map<std::string, std::unique_ptr<AccountTruth>> truths_;  // by address
    std::vector<std::unique_ptr<ImapUser>> imap_users_;
    std::vector<std::unique_ptr<Pop3User>> pop3_users_;
    std::vector<Watched> watched_;
    Ledger ledger_;
    std::multimap<Instant, std::function<void()>> agenda_;
    SimServer* victim_ = nullptr;  // dies when the network pauses
    Fault victim_fault_;
    std::map<std::string, int> dripping_;  // hosts, and how many faults make them so
};

}  // namespace heliopost::sim
