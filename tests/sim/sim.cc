// sim SEED [--steps N] [--twice]: two servers exchange mail in virtual time; one crashes and starts again.
//
// Checked at the end: nothing acknowledged is lost, nothing is there twice but for what the sender was in
// doubt of (RFC 1047), UIDs never went back, the queues are empty. The last line is the hash of the event
// log: the same seed gives the same hash. --twice runs it again and compares.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <string>

#include "net/memory_world.h"
#include "net/task_group.h"
#include "sim/sim_client.h"
#include "sim/sim_server.h"

namespace heliopost::sim {
namespace {

using namespace std::chrono_literals;

constexpr int steps_standard = 40;
constexpr auto settle_time_max = 24h * 6;  // past the queue's expiry: whatever is left then is lost

struct Outcome {
    std::uint64_t hash = 0;
    int acknowledged = 0, lost = 0, doubled = 0, in_doubt = 0, bounced = 0;
    bool settled = false, uids_grew = true;
    bool good() const { return lost == 0 && doubled <= in_doubt && bounced == 0 && settled && uids_grew; }
};

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;  // FNV-1a
    return hash;
}

class Simulation {
public:
    Simulation(std::uint64_t seed, int steps)
        : steps_(steps),
          random_(seed),
          network_(seed),
          users_(network_.add_host("users", {"192.0.2.9"})),
          a_(network_, "a.example", "192.0.2.1"),
          b_(network_, "b.example", "192.0.2.2"),
          group_(users_, "users") {
        network_.set_delay(
            [this](const net::MemoryLink&) { return std::chrono::microseconds(random_() % 30'000); });
    }

    Outcome run() {
        a_.boot();
        b_.boot();
        const int crash_at = static_cast<int>(random_() % static_cast<unsigned>(steps_));
        for (int step = 0; step < steps_; ++step) {
            const bool from_a = random_() % 2 == 0;
            group_.spawn(submit(&users_, from_a ? "192.0.2.1" : "192.0.2.2",
                                from_a ? "a.example" : "b.example",
                                random_() % 4 == 0 ? (from_a ? "a.example" : "b.example")
                                                   : (from_a ? "b.example" : "a.example"),
                                step + 1, &ledger_));
            network_.run_for(std::chrono::microseconds(random_() % 400'000));
            if (step == crash_at) crash(random_() % 2 == 0 ? a_ : b_);
        }
        outcome_.settled = network_.run_until(
            [&] { return group_.size() == 0 && a_.queue_is_empty() && b_.queue_is_empty(); },
            settle_time_max);
        check();
        return outcome_;
    }

private:
    void crash(SimServer& server) {
        const std::string user = "user@" + server.domain();
        const std::size_t before = server.uid_next(user);
        network_.run_for(std::chrono::microseconds(random_() % 50'000));
        server.crash();
        network_.run_for(std::chrono::microseconds(random_() % 20'000'000));
        server.boot();
        outcome_.uids_grew &= server.uid_next(user) >= before;
    }

    void check() {
        std::map<int, int> found;
        for (SimServer* server : {&a_, &b_})
            for (const std::string& message : server->inbox("user@" + server->domain())) {
                if (message.contains("multipart/report")) ++outcome_.bounced;
                const auto at = message.find("X-Id: ");
                if (at == std::string::npos) continue;
                const int id = std::atoi(message.c_str() + at + 6);
                if (ledger_.at(id).to_domain == server->domain()) ++found[id];
            }
        for (const auto& [id, sent] : ledger_) {
            outcome_.acknowledged += sent.acknowledged ? 1 : 0;
            if (sent.acknowledged && found[id] == 0) ++outcome_.lost;
            if (found[id] > 1) outcome_.doubled += found[id] - 1;
        }
        outcome_.hash = network_.event_hash();
        for (SimServer* server : {&a_, &b_})
            for (const std::string& line : server->log()) {
                // A sender that crashed, or lost the reply to the final dot, sends again.
                if (line.contains("in_doubt") || line.contains("in doubt")) ++outcome_.in_doubt;
                outcome_.hash = mix(outcome_.hash, line);
            }
        outcome_.in_doubt += 1;  // the message that a crashing sender was sending leaves no line
    }

    const int steps_;
    std::mt19937_64 random_;
    net::MemoryNetwork network_;
    net::MemoryWorld& users_;
    SimServer a_, b_;
    Ledger ledger_;
    net::TaskGroup group_;
    Outcome outcome_;
};

Outcome run(std::uint64_t seed, int steps) {
    return Simulation(seed, steps).run();
}

int main_of(std::uint64_t seed, int steps, bool twice) {
    const Outcome outcome = run(seed, steps);
    std::printf("seed %llu: %d messages, %d acknowledged, %d lost, %d doubled, %d bounced, %s\n",
                static_cast<unsigned long long>(seed), steps, outcome.acknowledged, outcome.lost,
                outcome.doubled, outcome.bounced, outcome.settled ? "queues empty" : "queues NOT empty");
    if (!outcome.uids_grew) std::printf("UIDs went back\n");
    bool same = true;
    if (twice) {
        same = run(seed, steps).hash == outcome.hash;
        std::printf("%s\n", same ? "a second run gave the same hash" : "a second run gave ANOTHER hash");
    }
    std::printf("%016llx\n", static_cast<unsigned long long>(outcome.hash));
    return outcome.good() && same ? 0 : 1;
}

}  // namespace
}  // namespace heliopost::sim

int main(int argc, char** argv) {
    std::uint64_t seed = 0;
    int steps = heliopost::sim::steps_standard;
    bool twice = false;
    bool seeded = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--twice") {
            twice = true;
        } else if (word == "--steps" && i + 1 < argc) {
            steps = std::atoi(argv[++i]);
        } else {
            seeded = std::from_chars(word.data(), word.data() + word.size(), seed).ec == std::errc();
        }
    }
    if (!seeded || steps < 1 || steps > 1'000'000) {
        std::fprintf(stderr, "usage: sim SEED [--steps N] [--twice]\n");
        return 64;
    }
    return heliopost::sim::main_of(seed, steps, twice);
}
