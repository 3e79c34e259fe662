// Operations: what an administrator can ask, whoever carries the request: the admin socket, or a command that
// opened the store itself.
//
// One file a subject: domains.cc, accounts.cc, aliases.cc, queue.cc, messages.cc, dkim.cc, reports.cc,
// backup.cc; restore.h. Names: "subject.verb".
#pragma once

#include <functional>
#include <string>

#include "directory/directory.h"
#include "mailbox/account.h"
#include "net/event.h"
#include "net/task.h"
#include "net/world.h"
#include "queue/queue.h"
#include "server/admin/message.h"
#include "signing/keys.h"
#include "store/store.h"

namespace heliopost::admin {

struct Administered {
    net::World* world = nullptr;
    directory::Directory* directory = nullptr;
    mailbox::Accounts* accounts = nullptr;
    queue::Queue* queue = nullptr;
    store::Store* store = nullptr;
    signing::Keys* keys = nullptr;
    std::function<net::Task<Result<Answer>>()> reload;  // empty where no server runs
    std::function<Answer()> status;                     // the same; any thread
    // "reports.send". Any loop; empty where none are sent.
    std::function<net::Task<Result<Answer>>(Request)> reports;
    std::function<void()> account_removed;  // its mail waits to be erased; may be empty
    // Makes a checkpoint of the store and gives its path; blocks, any thread. Empty where no server runs.
    std::function<Result<std::string>()> checkpoint;
    net::Event* closing = nullptr;  // set when the server drains (net/drain.h)
};

// Fault::not_found for an unknown operation.
net::Task<Result<Answer>> run(Administered* of, Request request);

net::Task<Result<Answer>> run_domain(Administered* of, Request request);
net::Task<Result<Answer>> run_account(Administered* of, Request request);
net::Task<Result<Answer>> run_alias(Administered* of, Request request);
net::Task<Result<Answer>> run_queue(Administered* of, Request request);
net::Task<Result<Answer>> run_message(Administered* of, Request request);
net::Task<Result<Answer>> run_dkim(Administered* of, Request request);
net::Task<Result<Answer>> run_reports(Administered* of, Request request);
net::Task<Result<Answer>> run_backup(Administered* of, Request request);

Error unknown_operation(const Request& request);

}  // namespace heliopost::admin
