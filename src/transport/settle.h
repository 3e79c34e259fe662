// From what an attempt came to, to what the queue records, the log says and the sender is told. Pure but for
// the randomness and the log of the World.
//
// RFC 5321 §4.5.4.1 (retry), §4.5.5 (the null reverse-path), RFC 3461 §4.1 and §6.2 (NOTIFY), RFC 3464 §2.3.
#pragma once

#include <cstddef>
#include <vector>

#include "net/world.h"
#include "proto/dsn/report.h"
#include "queue/queue.h"
#include "transport/attempt.h"
#include "transport/options.h"

namespace heliopost::transport {

struct Settled {
    std::vector<queue::Outcome> outcomes;
    // What the sender is told, and of which outcome each speaks.
    std::vector<dsn::Recipient> told;
    std::vector<std::size_t> told_of;
};

Settled settle(net::World& world, const TransportOptions& options, const queue::Lease& lease,
               const std::vector<Tried>& tried);

// The sender cannot be told now: what he should have been told of stays in the queue.
void put_off(Settled& settled, Time until);

// One line for each recipient.
void log_attempt(net::World& world, const queue::Lease& lease, const std::vector<Tried>& tried,
                 const Settled& settled);

}  // namespace heliopost::transport
