// Scrub of the RocksDB engine (scrub.h). Internal to store/.
#pragma once

#include <mutex>
#include <thread>
#include <vector>

#include "store/pace.h"
#include "store/rocks_database.h"
#include "store/scrub.h"

namespace heliopost::store {

// One walk after the other, until its time says stop: on the caller's thread.
class ScrubWalk {
public:
    ScrubWalk(Database& database, ScrubOptions options);
    void run();
    ScrubStatus status() const;

private:
    struct Table {
        std::uint64_t number;
        std::string path;
    };
    bool wait_for_next();
    bool walk();
    bool walk_tables();
    bool walk_blobs();
    bool read_table(const Table& table);
    bool read_blob(BlobId blob, const std::string& record);
    std::vector<Table> tables() const;
    bool is_live(const Table& table) const;
    bool spend(std::uint64_t octets);
    void tell(ScrubDamage damage);
    void keep();
    void keep_now_and_then();
    template <class Change>
    void change(Change change) {
        const std::lock_guard lock(mutex_);
        change(state_);
    }

    Database& database_;
    const ScrubOptions options_;
    mutable std::mutex mutex_;  // of state_, which only run() changes
    ScrubState state_;
    Pace pace_;
    Instant kept_;
};

class RocksScrub final : public Scrub {
public:
    RocksScrub(Database& database, ScrubOptions options);
    ~RocksScrub() override;
    ScrubStatus status() const override { return walk_.status(); }

private:
    std::shared_ptr<ScrubTime> time_;
    ScrubWalk walk_;
    std::thread thread_;
};

}  // namespace heliopost::store
