// Transport's inside: the task that takes leases, and the tasks of attempts and of their records. Internal.
//
// Three groups, because they end at different times: farewells and the taker stop at once, attempts when
// their time is up, and what is known to have been delivered is recorded last, whatever became of the rest.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "delivery/receive.h"
#include "net/event.h"
#include "net/task_group.h"
#include "transport/attempt.h"
#include "transport/connections.h"
#include "transport/settle.h"
#include "transport/slots.h"
#include "transport/transport.h"
#include "transport/untold.h"

namespace heliopost::transport {

inline constexpr std::size_t leases_per_turn = 16;
inline constexpr std::chrono::seconds look_again{60};             // where nothing is known to become due
inline constexpr std::chrono::milliseconds look_again_full{100};  // something is due that a cap keeps back
inline constexpr std::chrono::seconds pause_after_error{5};
inline constexpr std::chrono::seconds clock_step_min{
    60};                                                // back; less than a retry's first wait matters little
inline constexpr std::chrono::seconds record_wait{10};  // what stop() gives outcomes to be written

struct Transport::State {
    State(net::World& world, queue::Queue& queue, store::Store& store, directory::Directory& directory,
          TransportOptions given);

    net::Task<void> take_for_ever();
    net::Task<void> take();
    void look_at_clock();
    net::Task<void> attempt(queue::Lease lease, std::unique_ptr<Slot> slot);
    net::Task<void> record(queue::Lease lease, Settled settled, std::unique_ptr<Slot> slot);
    net::Task<void> tell(std::shared_ptr<Untold> untold);
    net::Task<void> write(queue::Lease lease, std::vector<queue::Outcome> outcomes, queue::Also also);
    net::Task<void> stop(Deadline deadline);

    void begin(queue::Lease lease);
    bool may_start(std::string_view destination);
    bool full();  // all slots are held

    net::World& world;
    queue::Queue& queue;
    directory::Directory& directory;
    std::shared_ptr<const TransportOptions> options;
    const bool one_destination;  // a smart host was there when the queue was grouped
    delivery::Delivering delivering;
    net::TaskGroup takers;
    net::TaskGroup attempts;
    AllUntold all_untold;
    net::TaskGroup records;
    Connections connections;
    Sending sending;
    std::shared_ptr<net::Event> wake;
    std::shared_ptr<Slots> slots = std::make_shared<Slots>();
    std::map<std::string, std::size_t, std::less<>> granted;  // by the due() that runs
    std::size_t granted_all = 0;
    std::size_t granted_slow = 0;                          // to destinations known as slow
    std::optional<std::chrono::milliseconds> clock_ahead;  // of the time of day before the steady clock
    bool crowded = false;  // something due was kept back as all slots are held
};

}  // namespace heliopost::transport
