// Bus: who wants to hear of commits to which partition. Shared by the engines; internal to store/.
//
// Any thread publishes; a subscriber hears on its own loop, in commit order. Past notices_waiting_max
// unheard notices, later ones are merged into the last.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "store/store.h"

namespace heliopost::store {

inline constexpr size_t notices_waiting_max = 64;

class Bus {
public:
    Bus();
    ~Bus();  // subscriptions may outlive it
    std::unique_ptr<Subscription> subscribe(PartitionId partition, net::World& world,
                                            std::function<void(Notice)> heard);
    bool silent() const;
    void publish(Notice notice);

private:
    struct Subscriber;
    struct Registry;
    class Held;
    std::shared_ptr<Registry> registry_;
};

}  // namespace heliopost::store
