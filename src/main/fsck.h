// Fsck: one walk over a whole store, with the judges of every layer. For `heliopost fsck` and its tests.
//
//   1. the store's own walk: tables, records, blobs; each record of directory, queue and accounts is judged
//   2. what the queue needs: its blobs, and their references to it
//   3. each account: mailboxes, messages, index, counters, blobs (mailbox/check.h)
//   4. each reference of a blob: somebody keeps what it stands for
//
// Unless it mends (store::Mending) it changes nothing, and expects that nobody else does. Holds some 50
// octets a message of one account and 100 octets a queued message in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "directory/check.h"
#include "main/kept_rows.h"
#include "net/system_world.h"
#include "queue/check.h"
#include "store/rocks_store.h"

namespace heliopost {

struct FsckReport {
    store::CheckReport store;  // with the problems of every layer; `damaged` is told among them
    std::uint64_t accounts = 0;
    std::uint64_t messages = 0;  // once in every mailbox
    std::uint64_t queued = 0;
};

// What there is to be done about it.
std::string_view advice(store::Harm harm);
std::string_view advice(const store::Problem& problem);  // "mended", where it was

// Whose reference of a blob it is.
struct PartitionHolder {
    store::PartitionId partition;
    std::uint64_t number = 0;
};

class Fsck {
public:
    using Progress = std::function<void(double part, const FsckReport& so_far)>;  // part of 1

    // All outlive it. The world's loop runs nothing else.
    // taken_out: where it puts what it takes out of the store when it mends (KeptRows).
    Fsck(store::RocksStore& store, net::SystemWorld& world, Progress progress,
         store::Mending mending = store::Mending::no, std::string taken_out = "");
    std::string taken_out() const { return kept_.used() ? kept_.rows_file() : ""; }
    FsckReport run();

private:
    void judge(store::PartitionId partition, std::string_view key, std::string_view value);
    void judge_account_row(AccountId account, std::string_view key, std::string_view value);
    std::string name_of(std::uint64_t account) const;
    void add(std::string before, std::vector<store::Problem> problems);
    void check_accounts();
    net::Task<Result<void>> check_queue();
    net::Task<Result<void>> check_references();
    net::Task<Result<void>> check_reference(std::string key);
    net::Task<bool> mend(store::Batch batch);
    bool take_out(std::string_view engine_key, std::string_view value, std::string_view where,
                  std::string_view reason);
    queue::Check::TakeOut queue_rows_out();
    void finish_taking_out();
    store::KeepRows keeping(store::PartitionId partition, std::string where);
    bool may_repair() const;
    void repair_directory();
    net::Task<Result<void>> read_directory();
    void repair(AccountId account, const std::string& name);
    net::Task<Result<bool>> rescue(PartitionHolder holder, store::BlobId blob, std::string* what);
    void tell_damaged();
    void show(double part);

    store::RocksStore& store_;
    net::SystemWorld& world_;
    const Progress progress_;
    const store::Mending mending_;
    FsckReport report_;
    KeptRows kept_;
    std::vector<std::string> to_take_out_;  // rows of the engine
    directory::Check directory_;
    queue::Check queue_;
    std::map<std::uint64_t, std::uint64_t> messages_of_;  // accounts that have rows
    std::map<std::uint64_t, store::BlobId> queued_;
};

}  // namespace heliopost
