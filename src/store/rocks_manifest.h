// The end of RocksDB's MANIFEST, torn by a power cut: cut off, so that the store opens.
//
// An append that was under way when the power went may be on the disk in part. One that is cut short RocksDB
// takes for the end; one with a hole, a sector that never came and reads as zeros, it takes for damage, and
// does not open. Such an append was not synced, and before it is nothing is taken away that the state before
// it needs. What rotted is left alone: it has no such hole, or sound records behind it. Internal to store/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::store {

inline constexpr std::size_t manifest_file_octets_max = std::size_t{256} << 20;  // larger: left alone
inline constexpr std::size_t torn_end_octets_max = std::size_t{64} << 10;        // of one append; the same

// The MANIFEST that CURRENT names. Nothing where there is none, or it is too long.
struct ManifestFile {
    std::string path, octets;
    static std::optional<ManifestFile> read(const std::string& directory);
};

// Where the torn end begins; nothing where all is sound, or damaged in another way.
std::optional<std::uint64_t> torn_from(std::string_view manifest);

// Where the MANIFEST has rotted: octets that cannot be read, without a hole, and a record behind them, or a
// record that is whole but for its header. RocksDB takes some of that for the end, opens what the store was
// before, and deletes all files that came later. Nothing where all is sound or only the end is torn.
std::optional<std::uint64_t> rotten_at(std::string_view manifest);

// What it was stays beside it under ".torn".
class ManifestCut {
public:
    // False: there was nothing to cut.
    Result<bool> cut(const std::string& directory);
    // What was cut off comes back: the store did not open without it either.
    void undo();

private:
    std::string file_, kept_;
};

}  // namespace heliopost::store
