// The users of the simulation: they submit messages with an id each, and remember what was acknowledged.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "net/memory_world.h"
#include "net/task.h"

namespace heliopost::sim {

struct Sent {
    std::string to_domain;
    bool acknowledged = false;  // else ambiguous: the connection broke; an id is never sent twice
};
using Ledger = std::map<int, Sent>;

// One message through one server's submission; whatever happens is in the ledger.
net::Task<void> submit(net::MemoryWorld* world, std::string address, std::string from_domain,
                       std::string to_domain, int id, Ledger* ledger);

}  // namespace heliopost::sim
