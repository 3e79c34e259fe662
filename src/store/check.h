// check: what `heliopost fsck` asks of a store: is everything that was stored still what it was?
//
// Reads every table with its checksums, every row, every blob's chunks (checksum and SHA-256), and follows
// every reference to its blob. It changes nothing. What rows mean is for the layers above: they judge
// their own (CheckOptions::judge, mailbox/check.h, queue/check.h, directory/check.h), in the same words.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/blob.h"
#include "store/partition.h"

namespace heliopost::store {

inline constexpr size_t check_problems_max = 1000;  // more are counted, not told

// What a problem takes away, and so what there is to be done about it.
enum class Harm : std::uint8_t {
    lost,   // something that was stored cannot be read back
    wrong,  // two records disagree: the mail is there, a number or a list is not right
    room,   // nothing but room on the disk
};

struct Problem {
    Harm harm = Harm::lost;
    std::string where;  // "mailbox INBOX, message 12"; what the layers above know is put before it
    std::string what;

    bool mended = false;  // it is right again: somebody was asked to mend

    std::string line() const { return where.empty() ? what : where + ": " + what; }
    bool operator==(const Problem&) const = default;
};

// Whether a check also mends what follows from what is there: counters, and references of blobs. It never
// takes away what it cannot explain.
enum class Mending : std::uint8_t { no, yes };

// A row that a repair takes away, and whoever writes it to where it is safe first.
struct TakenOut {
    std::string key;  // within its partition
    std::string value;
    std::string reason;
};
using KeepRows = std::function<Result<>(std::vector<TakenOut> rows)>;

// Blobs that cannot be read, and why. Who keeps one tells it as a problem of the message, and marks it told.
struct Damage {
    std::string what;
    bool told = false;
};
using DamagedBlobs = std::map<BlobId, Damage>;

struct CheckReport {
    std::uint64_t records = 0;           // rows of every kind
    std::uint64_t records_expected = 0;  // the engine's estimate, for a progress bar
    std::uint64_t blobs = 0;
    std::uint64_t blob_octets = 0;  // before compression
    std::uint64_t references = 0;
    std::uint64_t problem_count = 0;
    std::uint64_t mended_count = 0;  // of them
    std::vector<Problem> problems;
    DamagedBlobs damaged;  // not among the problems
    bool complete = true;  // false: rows lie behind damage, unseen

    void add(Harm harm, std::string where, std::string what, bool mended = false) {
        mended_count += mended ? 1 : 0;
        if (++problem_count <= check_problems_max)
            problems.push_back({harm, std::move(where), std::move(what), mended});
    }
    // Nothing is wrong, or nothing any more.
    bool sound() const { return problem_count == mended_count && damaged.empty(); }
};

struct CheckOptions {
    // Called now and then with what was counted so far.
    std::function<void(const CheckReport&)> progress;
    // The layers above look at their own rows, in ascending order of partitions and keys.
    std::function<void(PartitionId, std::string_view key, std::string_view value)> judge;
    // A row of the engine that cannot be read or explained: whether it will be taken out of the store
    // (RocksStore::take_out). Without: it stays.
    std::function<bool(std::string_view engine_key, std::string_view value, std::string_view reason)>
        take_out;
    // Where a problem of a partition's counters and change log is; without: its number.
    std::function<std::string(PartitionId)> name = [](PartitionId id) { return to_text(id); };
};

}  // namespace heliopost::store
