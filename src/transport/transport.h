// Transport: takes what is due from the queue, delivers it to the next hop, records what came of it.
//
//   queue_options.destination_of = [options](std::string_view domain) { return destination_of(options,
//   domain); }; Transport transport(world, queue, store, directory, options); transport.start();  ...
//   co_await transport.stop(world.after(10s));
//
// An attempt is one lease: recipients of one message that share a destination. Its hops (MX, or the smart
// host) are tried in order until one takes the transaction; every recipient then is delivered, pending until
// its next attempt, or failed. A failure and a delay are told to the sender (RFC 3464) in the commit that
// records them, those of one message that come within seconds in one DSN (untold.h), never to the null
// reverse-path. Nothing is recorded as delivered without a 2xx reply to the final dot; where that reply does
// not come the message may arrive twice (RFC 1047), which is logged.
//
// Peers that keep us waiting hold at most a quarter of the connections where others need them: slots.h.
//
// It does not shape traffic by reputation, and knows no DANE or MTA-STS yet: STARTTLS is opportunistic, but
// for a smart host. Deviates from RFC 6152 §3 by sending 8-bit content as it is to a hop without
// 8BITMIME, because such hops are gone from the net or pass it, and a bounce or a rewritten (no longer
// signed) message serves nobody.
//
// One Transport a process, on one loop, is enough for the disk that the queue is on. To spread over loops
// make one for each, whose may_start takes only the destinations that hash to it: caps and cached
// connections are per destination, so the loops would share nothing but the queue.
//
// All members are called on the World's loop. World, queue, store and directory outlive it; stop() must have
// ended before it is destroyed (or the host have crashed).
#pragma once

#include <cstddef>
#include <memory>

#include "base/time.h"
#include "directory/directory.h"
#include "net/task.h"
#include "net/world.h"
#include "queue/queue.h"
#include "store/store.h"
#include "transport/options.h"

namespace heliopost::transport {

class Transport {
public:
    Transport(net::World& world, queue::Queue& queue, store::Store& store, directory::Directory& directory,
              TransportOptions options);
    ~Transport();
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    // Begins to take what is due. The queue is loaded.
    void start();

    // Takes nothing new; lets attempts finish until the deadline and gives the others' recipients back.
    // Outcomes that are known are still recorded.
    net::Task<void> stop(Deadline deadline);

    // For attempts that begin from now on, none of which uses a connection of before. host_name and
    // cached_for stay as they were, and so does how the queue groups recipients: a smart host that was there
    // at the start cannot be given up, or leases would hold more than one domain.
    void change(TransportOptions options);

    std::size_t attempts() const;     // under way
    std::size_t connections() const;  // open, cached ones too

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace heliopost::transport
