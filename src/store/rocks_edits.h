// What RocksDB's MANIFEST says of the logs: which of them a start still reads. Internal to store/.
//
// Older ones may lie there for a while: their writes are in tables, and what their ends lost was never
// acknowledged, or the start after it would have said so. Format: a record an edit, fields with a number in
// front (https://github.com/facebook/rocksdb/wiki/MANIFEST).
#pragma once

#include <cstdint>
#include <string_view>

namespace heliopost::store {

// The number of the first log that some column family needs; 0, which means all, where the manifest holds
// what this does not know. Reads up to the first record that is damaged.
std::uint64_t first_needed_log(std::string_view manifest);

}  // namespace heliopost::store
