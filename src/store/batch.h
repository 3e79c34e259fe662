// Batch: changes to one partition that take effect together, or not at all.
//
// A batch is data: building it reads nothing. What depends on the state of the store is said as a
// condition (assert_equal), a counter (add) or a slot (next, mod_sequence) and decided by the
// committer, in commit order, so that two deliveries to one account never conflict.
//
// Limits, so that any engine can keep them: value_octets_max and batch_octets_max; past them the
// commit fails with Fault::too_large.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "store/blob.h"
#include "store/partition.h"
#include "store/tuple.h"

namespace heliopost::store {

inline constexpr size_t value_octets_max = 100'000;     // FoundationDB's limit
inline constexpr size_t batch_octets_max = 10'000'000;  // FoundationDB's limit

// The counter that Store::counter reads as the partition's last mod-sequence; batches cannot name it.
inline constexpr std::string_view mod_sequence_counter = "";

// Kinds of objects in the change log; a mask of 1 << kind tells subscribers what a commit touched.
enum class ChangeKind : std::uint8_t { mailbox = 1, email = 2, membership = 3, account = 4, thread = 5 };

class Batch {
public:
    explicit Batch(PartitionId partition) : partition_(partition) {}

    // The account's next mod-sequence: one for the whole batch. Slot 0, always there.
    Slot mod_sequence() {
        wants_mod_sequence_ = true;
        return Slot{0};
    }

    // Raises the counter by count and gives the first of the new values; a counter starts at 0, so that
    // its first value is 1.
    Slot next(std::string counter, std::uint32_t count = 1);  // never the empty name

    // The commit fails with Fault::conflict unless key holds value (nothing: unless it is absent). Judged
    // on the state before the commit: it does not see the puts of the same commit's other batches.
    void assert_equal(std::string key, std::optional<std::string> value);

    void put(Tuple key, Tuple value);
    void erase(std::string key);
    void erase_range(std::string low, std::string high);  // [low, high)

    // All that the partition has: rows, counters, change log. Before this batch's puts; for a partition that
    // is never used again, because a counter may live on in memory for a while. References are not rows of
    // it.
    void erase_all();

    // Adds to a counter; fails with Fault::over_quota when the result would pass at_most, with
    // Fault::internal when it would fall below 0. A negative delta is never over quota.
    void add(std::string counter, std::int64_t delta, std::optional<std::uint64_t> at_most = std::nullopt);

    // A row of the change log under this batch's mod-sequence. ids: kind-specific octets, read back by
    // Store::changes. container is the mailbox for memberships, 0 for account-wide objects.
    void log(ChangeKind kind, std::uint32_t container, Tuple ids);

    // A reference keeps a blob: (blob, this account, holder). holder is a Slot's value or a number as a
    // Tuple of 8 octets (u64 or slot).
    void reference(BlobId blob, Tuple holder);
    void release(BlobId blob, std::uint64_t holder);

    PartitionId partition() const { return partition_; }

    // What was said, for the engines.
    struct Put {
        Tuple key, value;
    };
    struct Erase {
        std::string low, high;
    };  // high empty: one key
    struct Add {
        std::string counter;
        std::int64_t delta;
        std::optional<std::uint64_t> at_most;
    };
    struct Next {
        std::string counter;
        std::uint32_t count;
    };  // slot i + 1
    struct Assert {
        std::string key;
        std::optional<std::string> value;
    };
    struct LogRow {
        ChangeKind kind;
        std::uint32_t container;
        Tuple ids;
    };
    struct Reference {
        BlobId blob;
        Tuple holder;
        bool release;
    };

    bool wants_mod_sequence() const { return wants_mod_sequence_; }
    const std::vector<Put>& puts() const { return puts_; }
    const std::vector<Erase>& erases() const { return erases_; }  // applied before the puts
    const std::vector<Add>& adds() const { return adds_; }
    const std::vector<Next>& nexts() const { return nexts_; }
    const std::vector<Assert>& asserts() const { return asserts_; }
    const std::vector<LogRow>& log_rows() const { return log_rows_; }
    const std::vector<Reference>& references() const { return references_; }
    bool erases_all() const { return erases_all_; }
    size_t octets() const { return octets_; }
    bool value_too_large() const { return value_too_large_; }
    void fill(const std::vector<std::uint64_t>& slots);  // fills every hole in place

private:
    void grow(size_t octets) { octets_ += octets; }

    PartitionId partition_;
    bool wants_mod_sequence_ = false;
    bool value_too_large_ = false;
    bool erases_all_ = false;
    size_t octets_ = 0;
    std::vector<Put> puts_;
    std::vector<Erase> erases_;
    std::vector<Add> adds_;
    std::vector<Next> nexts_;
    std::vector<Assert> asserts_;
    std::vector<LogRow> log_rows_;
    std::vector<Reference> references_;
};

}  // namespace heliopost::store
