// SimServer: a whole Heliopost on one host of the simulated network: SMTP in, submission, LMTP, IMAP, POP3,
// queue, transport, mailboxes, upkeep.
//
// The same code as in production, on the in-memory engine over a disk that outlives it: crash() loses what
// was not synced and every task in the middle of what it did; boot() starts again on the same disk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/memory_world.h"
#include "sim/random.h"
#include "sim/truth.h"
#include "store/memory_store.h"

namespace heliopost::sim {

struct LogLine {
    Instant at;
    std::string text;
};

struct ServerPlan {
    std::vector<std::string> domains;  // of all servers
    std::size_t number = 0;            // which of them this is
    int users = 2;
    std::string address;     // IP
    std::string smart_host;  // name; empty: none
    std::uint64_t seed = 0;
    bool slow_reads = false;

    const std::string& domain() const { return domains[number]; }
    std::string host() const { return "mx." + domain(); }
};

// Everything that one mailbox is, read from the store.
struct MailboxState {
    std::string name;
    std::uint32_t validity = 0, uid_next = 0;
    std::uint64_t highest = 0;
    struct Row {
        std::uint32_t uid = 0;
        std::string flags;  // as IMAP prints them
        std::uint64_t mod_sequence = 0;
        std::string text;  // where it was asked for
    };
    std::vector<Row> rows;

    std::vector<Listed> listed() const;
};

class SimServer {
public:
    // Of one message, on every way in: small, so that passing it is cheap.
    static constexpr std::uint64_t message_octets_max = 400'000;
    static constexpr std::uint64_t small_quota = 300'000;  // of each server's user2

    SimServer(net::MemoryNetwork& network, ServerPlan plan);
    ~SimServer();
    SimServer(const SimServer&) = delete;
    SimServer& operator=(const SimServer&) = delete;

    // False: it died on the way, and is as after crash().
    bool boot();
    void crash();
    bool running() const { return running_ != nullptr; }
    bool dead() const { return died_; }  // the disk failed: to be crashed at once

    bool queue_is_empty() const;
    std::size_t connections() const;
    std::size_t attempts() const;
    // It runs and nobody holds it up.
    std::vector<MailboxState> read_account(const std::string& user, bool texts);
    // What the judges of directory, queue and mailboxes say, and what is in the store that nobody keeps.
    std::vector<std::string> judge();

    const ServerPlan& plan() const { return plan_; }
    store::MemoryDisk& disk() { return *disk_; }
    net::MemoryWorld& world() { return *world_; }
    const std::vector<LogLine>& log() const { return log_; }
    const std::vector<Instant>& crashes() const { return crashes_; }

private:
    struct Running;
    void keep_line(std::string_view line);
    bool run(net::Task<void> task);  // false: it was stopped
    void make_accounts();
    void listen();
    net::Task<void> read_task(std::string user, bool texts, std::vector<MailboxState>* into);
    net::Task<void> judge_task(std::vector<std::string>* problems);

    net::MemoryNetwork& network_;
    const ServerPlan plan_;
    Random random_;
    std::vector<LogLine> log_;
    std::vector<Instant> crashes_;
    net::MemoryWorld* world_;
    std::shared_ptr<store::MemoryDisk> disk_ = std::make_shared<store::MemoryDisk>();
    std::unique_ptr<Running> running_;
    bool booted_before_ = false;
    bool died_ = false;
};

}  // namespace heliopost::sim
