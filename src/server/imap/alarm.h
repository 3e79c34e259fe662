// Alarm: sets an event at an instant, unless it is destroyed first: for waits that are to end in good order
// rather than by TimedOut, after which a stream is good only for closing.
#pragma once

#include "base/time.h"
#include "net/event.h"
#include "net/world.h"

namespace heliopost::imap_server {

class Alarm {
public:
    Alarm(net::World& world, Instant when, net::Event& event)
        : world_(world), timer_(world.call_at(when, [&event] { event.set(); })) {}
    ~Alarm() { world_.cancel(timer_); }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

private:
    net::World& world_;
    net::World::TimerId timer_;
};

}  // namespace heliopost::imap_server
