#include "store/committer.h"

#include <poll.h>

namespace heliopost::store {

Committer::Committer(Database& database, Bus& bus, std::function<Time()> clock)
    : database_(database),
      bus_(bus),
      clock_(std::move(clock)),
      group_(database, [this] { write(); }),
      last_synced_(database.db->GetLatestSequenceNumber()) {
    group_.begin(last_synced_);
    thread_ = std::thread([this] { run(); });
}

Committer::~Committer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    came_.notify_one();
    thread_.join();
}

void Committer::enter(Any one) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = waiting_.empty();
        waiting_.push_back(std::move(one));
    }
    if (first) came_.notify_one();
}

void Committer::run() {
    std::vector<Any> taken;
    while (true) {
        {
            std::unique_lock lock(mutex_);
            came_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            taken.swap(waiting_);
        }
        for (Any& one : taken) {
            evaluate_one(one);
            in_group_.push_back(std::move(one));
            if (group_.octets() >= group_octets_max || in_group_.size() >= group_commits_max) write();
        }
        write();
        taken.clear();
    }
}

void Committer::evaluate_one(Any& any) {
    const Time now = clock_();
    if (auto* commit = std::get_if<Commit>(&any)) {
        commit->result = evaluate(group_, commit->work, now);
        wants_sync_ = true;
    } else if (auto* chunk = std::get_if<Chunk>(&any)) {
        chunk->result = write_chunk(group_, chunk->work, now);
    } else if (auto* sweep = std::get_if<Sweep>(&any)) {
        sweep->result = sweep_blobs(group_, sweep->work);
        wants_sync_ = true;
    }
}

// Where the group is written in the middle of evaluating a commit, that commit is not yet in it.
void Committer::write() {
    if (!group_.empty()) {
        rocksdb::WriteOptions options;
        options.sync = wants_sync_;
#ifdef HELIOPOST_EARLY_ACK
        // The negative control of the crash tests: told as durable while it is in this process's memory.
        options.sync = false;
#endif
        const auto status = database_.db->Write(options, group_.finish());
        if (!status.ok()) end_process(database_.path, status);
        if (wants_sync_) last_synced_ = database_.db->GetLatestSequenceNumber();
        group_.clear();
        group_.begin(last_synced_);
    }
    wants_sync_ = false;
    acknowledge();
#ifdef HELIOPOST_EARLY_ACK
    ::poll(nullptr, 0, 20);  // as long as SIGKILL needs to find it there
    if (const auto status = database_.db->FlushWAL(true); !status.ok()) end_process(database_.path, status);
#endif
}

void Committer::acknowledge() {
    for (Any& any : in_group_) {
        if (auto* commit = std::get_if<Commit>(&any); commit != nullptr && commit->result)
            publish(bus_, commit->work, *commit->result);
    }
    for (Any& any : in_group_) std::visit([](auto& one) { one.done(std::move(one.result)); }, any);
    in_group_.clear();
}

}  // namespace heliopost::store
