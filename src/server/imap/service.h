// Service: what an IMAP session needs of the program. One a loop and listener kind; outlives its sessions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "directory/login.h"
#include "mailbox/account.h"
#include "net/event.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/world.h"
#include "store/store.h"

namespace heliopost::imap_server {

class SearchLine;

struct Service {
    std::string host_name;
    bool tls_from_start = false;
    std::uint64_t message_octets_max = std::uint64_t{50} << 20;  // APPENDLIMIT
    std::function<std::shared_ptr<const net::TlsServer>()> tls;  // the newest; giving null: no TLS
    net::World* world = nullptr;
    store::Store* store = nullptr;
    directory::Login* login = nullptr;
    mailbox::Accounts* accounts = nullptr;
    SearchLine* searches = nullptr;  // of the loop: search_line.h
    net::Event* closing = nullptr;   // set when the server drains (net/drain.h)
};

// One client, from greeting to LOGOUT. Throws Gone, TimedOut or Stopped when the client is.
net::Task<void> serve(const Service* service, std::unique_ptr<net::Stream> stream);

}  // namespace heliopost::imap_server
