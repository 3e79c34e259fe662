// Committer: the one thread that writes. It merges what waits into one write, synced once, and
// acknowledges after it. Internal to store/.
//
// Commits are evaluated in the order they came; one that fails is left out and the others go on. Its
// failure, too, is told after the write, since it may rest on commits of the same group. A group of
// chunks only is written without a sync: the sync of the commit that names them comes later in the same log.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"
#include "store/bus.h"
#include "store/completion.h"
#include "store/evaluate.h"
#include "store/write_group.h"

namespace heliopost::store {

class Committer {
public:
    static constexpr size_t group_octets_max = 4 * 1024 * 1024;  // a commit more may go past it
    static constexpr size_t group_commits_max = 1024;

    Committer(Database& database, Bus& bus, std::function<Time()> clock);
    ~Committer();  // finishes what was submitted

    void submit(CommitWork work, Completion<Result<Committed>> done) {
        enter(Commit{std::move(work), {}, std::move(done)});
    }
    void submit(ChunkWork work, Completion<Result<void>> done) {
        enter(Chunk{std::move(work), {}, std::move(done)});
    }
    void submit(SweepWork work, Completion<Result<size_t>> done) {
        enter(Sweep{std::move(work), 0, std::move(done)});
    }

private:
    template <class Work, class T>
    struct Waiting {
        Work work;
        Result<T> result;
        Completion<Result<T>> done;
    };
    using Commit = Waiting<CommitWork, Committed>;
    using Chunk = Waiting<ChunkWork, void>;
    using Sweep = Waiting<SweepWork, size_t>;
    using Any = std::variant<Commit, Chunk, Sweep>;

    void enter(Any one);
    void run();
    void evaluate_one(Any& one);
    void write();
    void acknowledge();

    Database& database_;
    Bus& bus_;
    std::function<Time()> clock_;
    WriteGroup group_;
    std::vector<Any> in_group_;  // evaluated, to be acknowledged after the write
    bool wants_sync_ = false;
    std::uint64_t last_synced_ = 0;

    std::mutex mutex_;
    std::condition_variable came_;
    std::vector<Any> waiting_;
    bool stopping_ = false;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace heliopost::store
