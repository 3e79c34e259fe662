// Reads one blob whole and holds it against what its manifest says. Internal to store/.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "store/records.pb.h"
#include "store/rocks_database.h"

namespace heliopost::store {

std::optional<Manifest> find_manifest(Database& database, const rocksdb::ReadOptions& read, BlobId blob);

struct BlobCheck {
    std::string damage;  // empty: every chunk is there, their checksums, the size and the SHA-256 are right
    bool stopped = false;
};
// One chunk in memory at a time. `go_on` is told the octets of each chunk as it was stored; where it answers
// no the rest is not read.
BlobCheck check_blob(Database& database, const rocksdb::ReadOptions& read, BlobId blob,
                     const Manifest& manifest, const std::function<bool(std::uint64_t octets)>& go_on);

}  // namespace heliopost::store
