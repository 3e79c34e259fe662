// SimServer: a whole Heliopost on one host of the simulated network: SMTP in, submission, queue, transport,
// mailboxes.
//
// The same code as in production, on the in-memory engine over a disk that outlives it: crash() loses what
// was not synced and every task in the middle of what it did; boot() starts again on the same disk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "delivery/receive.h"
#include "directory/directory.h"
#include "directory/login.h"
#include "mailbox/account.h"
#include "net/memory_world.h"
#include "net/task_group.h"
#include "queue/queue.h"
#include "server/smtp/service.h"
#include "store/memory_store.h"
#include "transport/transport.h"

namespace heliopost::sim {

class SimServer {
public:
    SimServer(net::MemoryNetwork& network, std::string domain, const std::string& address);
    ~SimServer();
    SimServer(const SimServer&) = delete;
    SimServer& operator=(const SimServer&) = delete;

    void boot();
    void crash();
    bool running() const { return running_ != nullptr; }

    bool queue_is_empty() const;
    // Every message of the user's INBOX, in order of UID.
    std::vector<std::string> inbox(const std::string& user);
    std::size_t uid_next(const std::string& user);

    const std::string& domain() const { return domain_; }
    const std::vector<std::string>& log() const { return log_; }

    static constexpr std::string_view password = "correct-horse-9-staple";

private:
    struct Running;
    void make_accounts();
    net::Task<void> read_inbox(std::string user, std::vector<std::string>* messages, std::size_t* uid_next);

    net::MemoryNetwork& network_;
    const std::string domain_;
    const net::IpAddress address_;
    std::vector<std::string> log_;
    net::MemoryWorld* world_;
    std::shared_ptr<store::MemoryDisk> disk_ = std::make_shared<store::MemoryDisk>();
    std::unique_ptr<Running> running_;
    bool booted_before_ = false;
};

}  // namespace heliopost::sim
