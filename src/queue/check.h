// The queue's part of fsck: every row decodes, every entry has its recipients and every recipient its
// entry.
//
// Pure: rows in key order in, findings out; the caller scans (and checks the blobs it is told of).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "store/check.h"

namespace heliopost::queue {

class Check {
public:
    // One row of store::queue_partition, in ascending order of keys.
    void row(std::string_view key, std::string_view value);
    void finish();  // after the last row

    struct Kept {
        QueueId id;
        store::BlobId blob;
        std::uint64_t octets = 0;
    };
    // The blobs that entries need: each must exist and hold a reference (queue partition, id).
    const std::vector<Kept>& blobs() const { return blobs_; }
    const std::vector<store::Problem>& findings() const { return findings_; }  // empty: sound
    std::uint64_t entries() const { return entries_; }
    std::uint64_t recipients() const { return recipients_; }

private:
    void end_entry();
    void lost(std::string where, std::string what);

    QueueId id_;
    bool in_entry_ = false;
    bool has_entry_row_ = false;
    std::uint32_t expected_ = 0;
    std::uint32_t seen_ = 0;
    std::vector<Kept> blobs_;
    std::vector<store::Problem> findings_;
    std::uint64_t entries_ = 0;
    std::uint64_t recipients_ = 0;
};

}  // namespace heliopost::queue
