#include <condition_variable>
#include <mutex>

#include "net/system_clock.h"
#include "store/scrub.h"

namespace heliopost::store {
namespace {

class SystemScrubTime final : public ScrubTime {
public:
    Time now() override { return net::system_now(); }
    Instant tick() override { return net::system_tick(); }
    bool wait_until(Instant when) override {
        std::unique_lock lock(mutex_);
        for (Instant at = tick(); !stopped_ && at < when; at = tick()) came_.wait_for(lock, when - at);
        return !stopped_;
    }
    void stop() override {
        {
            const std::lock_guard lock(mutex_);
            stopped_ = true;
        }
        came_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable came_;
    bool stopped_ = false;
};

}  // namespace

std::shared_ptr<ScrubTime> system_scrub_time() {
    return std::make_shared<SystemScrubTime>();
}

}  // namespace heliopost::store
