// PartitionId: the unit of ordering and placement: the directory, the queue, one account, the blobs, reports.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/id.h"

namespace heliopost::store {

struct PartitionId {
    enum class Kind : std::uint8_t { directory = 1, queue = 2, account = 3, blobs = 4, reports = 5 };
    Kind kind = Kind::directory;
    std::uint64_t number = 0;  // the account's id; 0 for the others

    constexpr auto operator<=>(const PartitionId&) const = default;
};

constexpr PartitionId directory_partition{PartitionId::Kind::directory, 0};
constexpr PartitionId queue_partition{PartitionId::Kind::queue, 0};
constexpr PartitionId blobs_partition{PartitionId::Kind::blobs, 0};  // readable; written by the store only
constexpr PartitionId reports_partition{PartitionId::Kind::reports, 0};
constexpr PartitionId account_partition(AccountId account) {
    return {PartitionId::Kind::account, account.value};
}

// For people: "account 7", "queue".
inline std::string to_text(PartitionId partition) {
    switch (partition.kind) {
        case PartitionId::Kind::directory:
            return "directory";
        case PartitionId::Kind::queue:
            return "queue";
        case PartitionId::Kind::account:
            return "account " + std::to_string(partition.number);
        case PartitionId::Kind::blobs:
            return "blobs";
        case PartitionId::Kind::reports:
            return "reports";
    }
    return "partition " + std::to_string(partition.number);
}

}  // namespace heliopost::store
