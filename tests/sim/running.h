// SimServer::Running: all that a crash destroys. Internal to sim_server*.cc.
#pragma once

#include <memory>

#include "delivery/receive.h"
#include "directory/directory.h"
#include "directory/login.h"
#include "mailbox/account.h"
#include "net/event.h"
#include "net/task_group.h"
#include "queue/queue.h"
#include "server/imap/search_line.h"
#include "server/imap/service.h"
#include "server/pop3/service.h"
#include "server/smtp/service.h"
#include "sim/sim_server.h"
#include "transport/transport.h"

namespace heliopost::sim {

struct SimServer::Running {
    Running(net::MemoryWorld& on, std::shared_ptr<store::MemoryDisk> disk,
            store::MemoryStore::Options options, const ServerPlan& plan);

    net::MemoryWorld& world;
    store::MemoryStore store;
    std::unique_ptr<directory::Directory> directory;
    std::unique_ptr<directory::Login> login;
    std::unique_ptr<mailbox::Accounts> accounts;
    transport::TransportOptions transport_options;
    std::unique_ptr<queue::Queue> queue;
    delivery::Delivering delivering;
    // TLS is a marker here: any non-null server will do, and nothing looks into it.
    std::shared_ptr<const net::TlsServer> tls{reinterpret_cast<const net::TlsServer*>(this),
                                              [](const void*) {}};
    smtp_server::Service mx, submission, lmtp;
    imap_server::SearchLine searches{world};
    imap_server::Service imap;
    pop3_server::Service pop3;
    net::Event account_removed;
    net::TaskGroup accepting;
    net::TaskGroup connections;
    net::TaskGroup upkeep;
    std::unique_ptr<transport::Transport> transport;
};

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text);
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace heliopost::sim
