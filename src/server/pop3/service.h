// Service: what a POP3 session needs of the program. One a loop and listener kind; outlives its sessions.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "directory/login.h"
#include "mailbox/account.h"
#include "net/event.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/world.h"

namespace heliopost::pop3_server {

struct Service {
    std::string host_name;
    bool tls_from_start = false;
    std::function<std::shared_ptr<const net::TlsServer>()> tls;  // the newest; giving null: no TLS
    net::World* world = nullptr;
    directory::Login* login = nullptr;
    mailbox::Accounts* accounts = nullptr;
    net::Event* closing = nullptr;  // set when the server drains (net/drain.h)
};

// One client, from greeting to QUIT. Throws Gone, TimedOut or Stopped when the client is.
net::Task<void> serve(const Service* service, std::unique_ptr<net::Stream> stream);

}  // namespace heliopost::pop3_server
