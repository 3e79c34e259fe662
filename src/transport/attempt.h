// Attempt: one lease, tried over the hops of its destination until one takes the transaction.
//
// It sends and finds out; it records nothing. A hop that cannot be reached, that greets with no or that is
// lost before the final dot makes room for the next one; what a hop said of a recipient stands.
//
// RFC 5321 §5.1 (the order of hops), §4.5.4.1.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/task.h"
#include "net/world.h"
#include "queue/queue.h"
#include "store/store.h"
#include "transport/client.h"
#include "transport/connections.h"
#include "transport/options.h"
#include "transport/route.h"
#include "transport/slots.h"
#include "transport/transaction.h"
#include "transport/verdict.h"

namespace heliopost::transport {

// From the beginning, over all hops, until one takes the envelope: after it no hop is begun or waited for.
inline constexpr std::chrono::minutes hops_wait_max{15};

// What an attempt needs of the program; outlives every attempt.
struct Sending {
    net::World& world;
    store::Store& store;
    std::shared_ptr<const TransportOptions> options;  // of attempts that begin
    Connections& connections;
    std::shared_ptr<std::size_t> open;  // clients alive
};

// What came of one recipient.
struct Tried {
    Verdict verdict;
    std::string host;  // the hop's name; empty: none was reached
    std::string tls;   // "TLSv1.3"; "none" in the clear
};

class Attempt {
public:
    // All outlive it.
    Attempt(Sending& with, const queue::Lease& lease, Slot& slot);

    // One each for lease.recipients. Throws Stopped.
    net::Task<std::vector<Tried>> run();

private:
    net::Task<void> try_cached();
    net::Task<void> try_hop(Hop hop);
    net::Task<std::unique_ptr<Client>> connect(Hop hop, bool in_clear, bool* tls_failed);
    net::Task<void> transact(std::unique_ptr<Client> client, bool cached);
    ClientOptions client_options(bool in_clear) const;
    void note_remaining(const Hop& hop, Verdict verdict);
    void note(std::size_t recipient, Tried tried);

    Sending& with_;
    const std::shared_ptr<const TransportOptions> options_;
    const queue::Lease& lease_;
    Slot& slot_;
    Deadline until_;
    std::vector<Tried> tried_;
    std::vector<bool> noted_;             // a hop could not be used: tried_ says why
    std::vector<std::size_t> remaining_;  // recipients without a final word from a hop
};

}  // namespace heliopost::transport
