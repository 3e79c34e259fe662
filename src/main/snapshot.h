// Snapshot: the store at one moment, as a directory to copy from: a checkpoint that the running server makes,
// or, where none runs, a process of ours that opens the store as the server's user.
//
// It is removed with this object, which also keeps every other backup of this store away meanwhile. Blocks.
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
    Snapshot(Snapshot&& other) noexcept
        : lock_(std::move(other.lock_)), path_(std::exchange(other.path_, {})) {}
    Snapshot& operator=(Snapshot&&) = delete;

    const std::string& path() const { return path_; }

private:
    Snapshot(backup::Descriptor lock, std::string path) : lock_(std::move(lock)), path_(std::move(path)) {}
    backup::Descriptor lock_;
    std::string path_;
};

}  // namespace heliopost
