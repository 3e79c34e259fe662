// Snapshot: the store at one moment, as a directory to copy from: a checkpoint that the running server makes,
// or, where none runs, a process of ours that opens the store as the server's user.
//
// It is removed with this object, which also keeps every other backup of this store away meanwhile. Blocks.
//
// Who takes a backup is root perhaps, and the server is not: it must not choose what root reads and removes.
// So only the data directory's own checkpoint is taken, it is opened once, and whatever happens to its path
// afterwards, no link is followed and nothing outside of it is touched.
#pragma once

#include <string>
#include <utility>

#include "backup/file.h"
#include "base/result.h"
#include "main/settings.h"

namespace heliopost {

class Snapshot {
public:
    // Make it before any thread is started.
    static Result<Snapshot> make(const ServerSettings& server);
    ~Snapshot();
    Snapshot(Snapshot&& other) noexcept = default;
    Snapshot& operator=(Snapshot&&) = delete;

    const std::string& path() const { return path_; }
    // The same, open: what is to be read by.
    const backup::Descriptor& files() const { return files_; }

private:
    Snapshot(backup::Descriptor store, backup::Descriptor files, std::string path)
        : store_(std::move(store)), files_(std::move(files)), path_(std::move(path)) {}
    backup::Descriptor store_;  // the data directory, locked
    backup::Descriptor files_;
    std::string path_;
};

}  // namespace heliopost
