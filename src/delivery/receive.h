// receive(): from the last octet of a message to the reply. What becomes of it is decided and committed here.
//
// plan -> commit (judged it was before, by the session): every recipient's account and the queue in one
// commit, synced once; only then does the caller acknowledge (RFC 5321 §6.1).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "delivery/envelope.h"
#include "delivery/incoming.h"
#include "net/task.h"
#include "net/world.h"
#include "queue/queue.h"
#include "signing/keys.h"
#include "store/store.h"

namespace heliopost::delivery {

// What the copies of one message's structure may come to, in the accounts of all its recipients: they are in
// memory until the commit. 10,000 recipients have 6.5 KB each, some times what a message of people and lists
// has; past it the structure is kept as of one part, and the message whole (mailbox/file.h).
inline constexpr std::size_t structures_octets_max = std::size_t{64} << 20;

// What a delivery needs of the program; one a loop, outlives every delivery of it.
struct Delivering {
    net::World& world;
    store::Store& store;
    queue::Queue& queue;
    std::string host_name;
    std::chrono::milliseconds expire_after{std::chrono::days(5)};  // of what is relayed
    std::size_t structures_octets = structures_octets_max;
    const signing::Keys* keys = nullptr;  // null: nothing is signed
};

// Has the message been through too many servers? RFC 5321 §6.3; answered with 5.4.6.
bool in_a_loop(const Message& message);

// All recipients or none. Fails with Fault::denied for a loop, temporary, internal. Quota was asked at RCPT
// and is only counted here (architecture.md §5).
net::Task<Result<void>> receive(Delivering* to, std::shared_ptr<const Envelope> envelope,
                                std::shared_ptr<const Message> message);

// LMTP: an answer for each recipient, in order (RFC 2033 §4.2). Quota is enforced, but where a recipient
// leads to several. One commit where all are well, else one for all that lead outside and one for each other
// recipient; two recipients that lead to the same account are one copy either way.
net::Task<std::vector<Result<void>>> receive_each(Delivering* to, std::shared_ptr<const Envelope> envelope,
                                                  std::shared_ptr<const Message> message);

}  // namespace heliopost::delivery
