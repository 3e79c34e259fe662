// IMAP load: what budgets are written for, an operation each.
#pragma once

#include "load/report.h"
#include "net/world.h"

namespace heliopost::bench {

// Connect, log in, SELECT and log out, options->count times.
net::Task<void> log_in_and_select(net::World* world, const Options* options, Report* report);

// Appends options->count messages.
net::Task<void> append(net::World* world, const Options* options, Report* report);

// One connection, options->count rounds of which the report has each apart. Not measured: log in, and
// SELECT where select_first.
struct Rounds {
    std::vector<std::string> commands;  // they take turns
    bool select_first = true;
    bool fetches_all = false;  // each must answer with a FETCH for each message
};
net::Task<void> rounds(net::World* world, const Options* options, Rounds what, Report* report);

// Opens options->connections, logs in, SELECTs and IDLEs on each; memory is read while all wait.
net::Task<void> idle(net::World* world, const Options* options, Report* report);

}  // namespace heliopost::bench
