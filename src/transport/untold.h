// Untold: what senders are to be told of, kept a short while so that one DSN tells of all that fails of a
// message.
//
// A message to many destinations fails at each of them by itself, mostly within seconds. Until its DSN is
// made the recipients stay leased and nothing of them is recorded: after a crash they are tried again. What
// was delivered never waits here.
//
// RFC 3464 §2.3 (a DSN tells of many recipients). Internal; belongs to one loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>

#include "net/event.h"
#include "net/world.h"
#include "queue/queue.h"
#include "transport/settle.h"
#include "transport/slots.h"

namespace heliopost::transport {

// From the first failure on; a message whose recipients are all there waits for nothing.
inline constexpr std::chrono::seconds join_wait{5};
inline constexpr std::size_t joined_recipients_max = 500;  // of one DSN; far below what a commit takes
inline constexpr std::size_t untold_max = 10'000;          // recipients that wait, of all messages

// A lease of whose recipients, all of them, the sender is told.
struct Told {
    queue::Lease lease;
    Settled settled;
};

// Takes that out of a lease and its outcomes. Where it is all of them the lease left is empty, without hold.
Told take_told(queue::Lease& lease, Settled& settled);

struct Untold {
    Untold(net::World& world, Told of) : told(std::move(of)), ready(world) {}

    Told told;
    net::Event ready;            // it need not wait
    std::unique_ptr<Slot> slot;  // of what did not wait
};

class AllUntold {
public:
    explicit AllUntold(net::World& world) : world_(world) {}

    // Null: it has joined what waits of its message. Else the caller tells it, once it is ready or after
    // join_wait.
    std::shared_ptr<Untold> add(Told told);
    // It is being told now: nothing joins it any more.
    void remove(const std::shared_ptr<Untold>& one);
    // From now on nothing waits.
    void hurry();

private:
    using Waiting = std::map<QueueId, std::shared_ptr<Untold>>;
    void leave(Waiting::iterator at);

    net::World& world_;
    Waiting waiting_;
    std::size_t recipients_ = 0;  // of what waits
    bool hurried_ = false;
};

}  // namespace heliopost::transport
