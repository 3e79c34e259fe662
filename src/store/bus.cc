#include "store/bus.h"

#include <algorithm>
#include <deque>

namespace heliopost::store {

// heard and the world are touched on the subscriber's loop only, the rest under the registry's mutex.
struct Bus::Subscriber {
    net::World& world;
    std::function<void(Notice)> heard;
    bool alive = true;
    std::deque<Notice> waiting;
};

struct Bus::Registry {
    std::mutex mutex;
    std::map<PartitionId, std::vector<std::shared_ptr<Subscriber>>> by_partition;
    std::atomic<size_t> count = 0;

    static void deliver(const std::shared_ptr<Registry>& registry,
                        const std::shared_ptr<Subscriber>& subscriber) {
        Notice notice;
        {
            const std::lock_guard lock(registry->mutex);
            if (!subscriber->alive || subscriber->waiting.empty()) return;
            notice = subscriber->waiting.front();
            subscriber->waiting.pop_front();
        }
        // A copy, since the callback may end its own subscription.
        const auto heard = subscriber->heard;
        heard(notice);
    }
};

class Bus::Held final : public Subscription {
public:
    Held(std::shared_ptr<Registry> registry, PartitionId partition, std::shared_ptr<Subscriber> subscriber)
        : registry_(std::move(registry)), partition_(partition), subscriber_(std::move(subscriber)) {}

    ~Held() override {
        const std::lock_guard lock(registry_->mutex);
        subscriber_->alive = false;
        const auto found = registry_->by_partition.find(partition_);
        if (found == registry_->by_partition.end()) return;
        std::erase(found->second, subscriber_);
        if (found->second.empty()) registry_->by_partition.erase(found);
        --registry_->count;
    }

private:
    std::shared_ptr<Registry> registry_;
    PartitionId partition_;
    std::shared_ptr<Subscriber> subscriber_;
};

Bus::Bus() : registry_(std::make_shared<Registry>()) {}
Bus::~Bus() = default;

bool Bus::silent() const {
    return registry_->count == 0;
}

std::unique_ptr<Subscription> Bus::subscribe(PartitionId partition, net::World& world,
                                             std::function<void(Notice)> heard) {
    auto subscriber = std::make_shared<Subscriber>(Subscriber{world, std::move(heard), true, {}});
    const std::lock_guard lock(registry_->mutex);
    registry_->by_partition[partition].push_back(subscriber);
    ++registry_->count;
    return std::make_unique<Held>(registry_, partition, std::move(subscriber));
}

void Bus::publish(Notice notice) {
    // Posting under the lock: once a subscription has ended, its world is not touched any more.
    const std::lock_guard lock(registry_->mutex);
    const auto found = registry_->by_partition.find(notice.partition);
    if (found == registry_->by_partition.end()) return;
    for (const auto& subscriber : found->second) {
        if (subscriber->waiting.size() >= notices_waiting_max) {
            subscriber->waiting.back().mod_sequence = notice.mod_sequence;
            subscriber->waiting.back().kinds |= notice.kinds;
            continue;
        }
        subscriber->waiting.push_back(notice);
        subscriber->world.post(
            [registry = registry_, subscriber] { Registry::deliver(registry, subscriber); });
    }
}

}  // namespace heliopost::store
