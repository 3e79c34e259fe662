// check: what `heliopost fsck` asks of a store: is everything that was stored still what it was?
//
// Reads every table with its checksums, every row, every blob's chunks (checksum and SHA-256), and follows
// every reference to its blob. It changes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/partition.h"

namespace heliopost::store {

inline constexpr size_t check_problems_max = 1000;  // more are counted, not told

struct CheckReport {
    std::uint64_t records = 0;  // rows of every kind
    std::uint64_t blobs = 0;
    std::uint64_t blob_octets = 0;  // before compression
    std::uint64_t references = 0;
    std::uint64_t problem_count = 0;
    std::vector<std::string> problems;  // one line each

    void add(std::string problem) {
        if (++problem_count <= check_problems_max) problems.push_back(std::move(problem));
    }
};

struct CheckOptions {
    // Called now and then with what was counted so far.
    std::function<void(const CheckReport&)> progress;
    // The layers above judge their own rows: a problem in words, or nothing.
    std::function<std::optional<std::string>(PartitionId, std::string_view key, std::string_view value)>
        judge;
};

}  // namespace heliopost::store
