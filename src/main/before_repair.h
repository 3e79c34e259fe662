// BeforeRepair: the store as it is, kept below its own directory before `fsck --repair` opens it: nothing of
// it can get lost by a repair.
//
// What RocksDB never writes into again is linked, which costs room only as the store moves on; what an
// opening may change in its place is copied. No process has the store open meanwhile: the engine's own lock
// is taken first, and held until this object goes. It must outlive the store, for a process that closes a
// file loses all its locks on it. Blocks.
#pragma once

#include <string>
#include <utility>

#include "backup/file.h"
#include "base/result.h"

namespace heliopost {

class BeforeRepair {
public:
    // Fault::exists where another process has the store. Leaves nothing where it fails.
    static Result<BeforeRepair> keep(const std::string& store);

    const std::string& path() const { return path_; }
    // For a store that did not open: it is as it was, and nobody needs this.
    void remove() const;

private:
    BeforeRepair(backup::Descriptor lock, std::string path)
        : lock_(std::move(lock)), path_(std::move(path)) {}
    backup::Descriptor lock_;
    std::string path_;
};

}  // namespace heliopost
