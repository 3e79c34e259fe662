// take(): makes one backup of a checkpoint of the store, and of the files that it needs beside it.
#pragma once

#include <string>
#include <vector>

#include "backup/vault.h"

namespace heliopost::backup {

struct Source {
    File::Kind kind = File::Kind::store;
    std::string name;                    // File::name
    std::string path;                    // where its octets are
    const Descriptor* opened = nullptr;  // InputFile::open
};

// The files of a directory that RocksDB made; what it opens a store by comes last. With `below`, which is
// that directory, open, and outlives them, they are read in it, wherever its path leads by now.
Result<std::vector<Source>> store_files(const std::string& directory, const Descriptor* below = nullptr);

struct Taken {
    std::string name;
    Manifest manifest;
    std::size_t files_new = 0;
    std::uint64_t octets_new = 0;  // before encryption
};

// Nothing of it stays where it fails: earlier backups are as they were. `manifest` has all but the files.
Result<Taken> take(Vault& vault, Manifest manifest, const std::vector<Source>& sources,
                   const Progress& progress);

struct Verified {
    std::uint64_t files = 0;
    std::uint64_t octets = 0;
    std::vector<std::string> damaged;  // a line each, at most damaged_max
};
inline constexpr std::size_t damaged_max = 1000;

// Reads every object of the backup. `checked` has the objects that were read before, for other backups.
Result<Verified> verify(const Vault& vault, const Manifest& manifest, std::vector<std::string>& checked,
                        const Progress& progress);

}  // namespace heliopost::backup
