// The keys that engines store, as docs/format.md states them. Internal to store/.
//
// Every row of a partition is kind u8, number u64, Space u8 and then the caller's key, so that one
// ordered key space holds all partitions. Rows of the store itself lie under kind 0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/batch.h"
#include "store/blob.h"
#include "store/partition.h"
#include "store/store.h"

namespace heliopost::store {

enum class Space : std::uint8_t { rows = 1, counters = 2, changes = 3 };

inline constexpr size_t engine_prefix_octets = 10;

// Writes the key over scratch, whose memory is used again.
void engine_key(std::string& scratch, PartitionId partition, Space space, std::string_view key);
std::string engine_key(PartitionId partition, Space space, std::string_view key);

// The end of a range in a partition: high, or the partition's end if high is empty.
std::string engine_end(PartitionId partition, Space space, std::string_view high);

std::uint64_t read_u64(std::string_view octets);  // 8 octets, big-endian; 0 if it is not 8
std::string to_u64(std::uint64_t value);

// change log: mod-sequence u64, kind u8, container u32, row u32
std::string change_key(std::uint64_t mod_sequence, ChangeKind kind, std::uint32_t container,
                       std::uint32_t row);

Result<Change> read_change(std::string_view key, std::string_view ids);

// Rows of the blobs' partition.
std::string hash_key(std::string_view sha256);  // -> BlobId
std::string manifest_key(BlobId blob);          // -> Manifest (records.proto)
std::string reference_prefix(BlobId blob);
std::string reference_key(BlobId blob, PartitionId partition, std::string_view holder);  // -> nothing
std::string open_key(BlobId blob);              // -> when its first chunk was written, ms since 1970, u64
inline constexpr size_t reference_octets = 33;  // of its key behind the first octet
inline constexpr std::uint8_t hash_rows = 1, manifest_rows = 2, reference_rows = 3, open_rows = 4;

std::string chunk_key(BlobId blob, std::uint32_t index);  // in the engine's own place for chunks

// The store's own rows, kind 0.
inline constexpr std::string_view format_key{"\0format", 7};
inline constexpr std::uint32_t format_version = 1;

}  // namespace heliopost::store
