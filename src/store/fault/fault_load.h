// FaultLoad: many commits at a time from coroutines: deliveries to one account or both, changes, removals,
// with and without blobs. Everything asked and acknowledged goes to the ledger. For tests.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "store/fault/fault_disk.h"
#include "store/fault/fault_ledger.h"
#include "store/store.h"
#include "store/test_world.h"

namespace heliopost::store::fault {

// Held for each write of a load in its ledger, and by who reads the ledger while the load may still run.
inline std::mutex ledger_writing;

class FaultLoad {
public:
    static constexpr size_t workers = 6;
    static constexpr size_t live_max = 12;  // messages of one worker; with more, it removes some

    FaultLoad(Store& store, FaultDisk& disk, FaultLedger& ledger, std::uint64_t seed)
        : store_(store), disk_(disk), ledger_(ledger), random_(seed) {}

    // Until the power is cut, a commit fails, or so many are done. What comes back from a store without power
    // is not counted.
    void run(TestWorld& world, std::uint64_t commits_max);

private:
    net::Task<void> work(size_t worker);
    net::Task<void> deliver(std::uint64_t number);
    net::Task<Result<StagedBlob>> stage(std::string octets);
    net::Task<void> change(std::uint64_t number, bool remove);
    net::Task<void> commit(std::uint64_t number, std::vector<Batch> batches, std::vector<StagedBlob> blobs);
    bool over() const { return failed_ || commits_ >= commits_max_ || disk_.cut(); }
    size_t draw(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
    std::vector<std::uint64_t> live(size_t worker) const;
    std::uint64_t next_number(size_t worker);

    Store& store_;
    FaultDisk& disk_;
    FaultLedger& ledger_;
    std::mt19937_64 random_;
    std::uint64_t commits_ = 0, commits_max_ = 0;
    bool failed_ = false;
};

}  // namespace heliopost::store::fault
