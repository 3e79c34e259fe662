#include "main/upkeep.h"

#include <algorithm>
#include <exception>
#include <map>
#include <utility>

#include "signing/life.h"

namespace heliopost {
namespace {

// One round; what it throws is logged, unless the server stops.
net::Task<void> round(net::World* world, std::string_view what, net::Task<Result<void>> work) {
    Result<void> done;
    try {
        done = co_await std::move(work);
    } catch (const net::Stopped&) {
        throw;
    } catch (const std::exception& error) {
        done = fail(Fault::internal, error.what());
    }
    if (!done) world->log().error("upkeep.failed", {{"what", what}, {"reason", done.error().text}});
}

net::Task<Result<void>> rescan(net::World* world, queue::Queue* queue) {
    const std::int64_t from = unix_milliseconds(world->now() - rescan_back);
    const QueueId above(static_cast<std::uint64_t>(std::max<std::int64_t>(from, 0)) << 20);
    const std::size_t found = CO_TRY(co_await queue->rescan(above));
    if (found != 0) world->log().warning("queue.rescanned", {{"found", found}});
    co_return Result<void>();
}

net::Task<Result<void>> sweep(net::World* world, store::BlobStore* blobs) {
    std::size_t looked_at = 0;
    std::size_t deleted = 0;
    for (bool done = false; !done;) {
        const auto swept = CO_TRY(co_await blobs->sweep(world->now(), sweep_blobs_a_step));
        looked_at += swept.looked_at;
        deleted += swept.deleted;
        done = swept.done;
        if (!done) co_await world->sleep_until(world->after(sweep_pause));
    }
    if (deleted != 0) world->log().info("blobs.swept", {{"deleted", deleted}, {"looked_at", looked_at}});
    co_return Result<void>();
}

// Knows when it erased the accounts that a session may still know.
class Eraser {
public:
    Eraser(net::World* world, directory::Directory* directory, mailbox::Accounts* accounts)
        : world_(world), directory_(directory), accounts_(accounts) {}

    net::Task<Result<void>> erase() {
        const auto removed = CO_TRY(co_await directory_->removed_accounts());
        const bool first = std::exchange(first_, false);
        for (const AccountId id : removed) {
            const auto known = seen_.find(id);
            const bool fresh = known == seen_.end();
            const bool last = first || (!fresh && world_->tick() >= known->second + late_mail_max);
            if (!fresh && !last) continue;
            const auto done = co_await accounts_->erase(id);
            if (!done) {
                world_->log().error("account.erase_failed",
                                    {{"account", id.value}, {"reason", done.error().text}});
                continue;
            }
            if (fresh) world_->log().info("account.erased", {{"account", id.value}});
            if (!last) {
                seen_.emplace(id, world_->tick());
                continue;
            }
            CO_TRY(co_await directory_->erased(id));
            seen_.erase(id);
        }
        co_return Result<void>();
    }

private:
    net::World* world_;
    directory::Directory* directory_;
    mailbox::Accounts* accounts_;
    bool first_ = true;  // no session knows the accounts of the first round
    std::map<AccountId, Instant> seen_;
};

}  // namespace

net::Task<void> rescan_queue(net::World* world, queue::Queue* queue) {
    for (;;) {
        co_await round(world, "queue.rescan", rescan(world, queue));
        co_await world->sleep_until(world->after(rescan_interval));
    }
}

net::Task<void> sweep_blobs(net::World* world, store::BlobStore* blobs) {
    constexpr std::chrono::microseconds interval = sweep_interval;
    for (;;) {
        const auto jitter = world->random_number() % static_cast<std::uint64_t>(interval.count());
        const auto wait = interval / 2 + std::chrono::microseconds(jitter);
        co_await world->sleep_until(world->after(wait));
        co_await round(world, "blobs.sweep", sweep(world, blobs));
    }
}

net::Task<void> look_after_keys(net::World* world, signing::Keys* keys, directory::Directory* directory) {
    signing::Caretaker caretaker(world, keys, directory);
    for (;;) {
        co_await round(world, "dkim.keys", caretaker.round());
        co_await world->sleep_until(world->after(signing::look_interval));
    }
}

net::Task<void> erase_removed(net::World* world, directory::Directory* directory, mailbox::Accounts* accounts,
                              net::Event* removed) {
    Eraser eraser(world, directory, accounts);
    for (;;) {
        removed->clear();
        co_await round(world, "account.erase", eraser.erase());
        co_await removed->wait(world->after(erase_interval));
    }
}

}  // namespace heliopost
