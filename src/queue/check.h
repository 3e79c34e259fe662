// The queue's part of fsck: every row decodes, every entry has its recipients and every recipient its
// entry.
//
// Pure: rows in key order in, findings out; the caller scans (and checks the blobs it is told of). Where it
// gives a TakeOut, a message with a row that cannot be read, or of which a row is missing, is handed over
// whole: nobody knows any more to whom it goes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "store/check.h"

namespace heliopost::queue {

class Check {
public:
    // The row will be taken out of the store; false where it cannot be.
    using TakeOut =
        std::function<bool(std::string_view key, std::string_view value, std::string_view reason)>;
    explicit Check(TakeOut take_out = nullptr) : take_out_(std::move(take_out)) {}

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
    bool take_out_entry();
    void mended(bool all, std::size_t from);
    void lost(std::string where, std::string what);

    const TakeOut take_out_;
    QueueId id_;
    std::vector<std::pair<std::string, std::string>> rows_;  // of this entry, if it may have to go
    std::size_t sound_findings_ = 0;                         // before its first row
    bool broken_ = false;
    bool in_entry_ = false;
    bool has_entry_row_ = false;
    std::uint32_t expected_ = 0;
    std::uint32_t seen_ = 0;
    std::vector<Kept> blobs_;
    std::vector<store::Problem> findings_;
    bool more_ = false;  // the last finding says so
    std::uint64_t entries_ = 0;
    std::uint64_t recipients_ = 0;
};

}  // namespace heliopost::queue
