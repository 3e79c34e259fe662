// Vault: a directory of backups. Octets are kept as objects, each once, whichever backups hold them.
//
//   heliopost-backup      which format, and which key (its id)
//   backups/NAME          one a backup: its manifest. NAME is the time: 20261123T081530.123Z
//   objects/ab/abcdef...  one a content, named by its SHA-256, or by a keyed hash of that
//   incoming/             what is being written; of no use once its writer is gone
//
// A backup is there from the moment when its manifest is renamed into place, after all that it names is on
// the disk and was read back. A writer holds the directory's lock alone, readers share it. Everything blocks.
// Formats: docs/format-backup.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backup/file.h"
#include "backup/manifest.h"
#include "backup/seal.h"
#include "base/result.h"

namespace heliopost::backup {

// Called with the octets done since the last call; an error ends the work with it.
using Progress = std::function<Result<>(std::uint64_t octets)>;

class Vault {
public:
    enum class Use : std::uint8_t { write, read };

    // For Use::write the directory is made where it is not there or empty. Fails with Fault::not_found where
    // it holds no backups, exists where it holds something else or is in use, denied without the right key.
    static Result<std::unique_ptr<Vault>> open(std::string directory, Use use, std::optional<Key> key);
    // Removes what a write left that was never completed.
    ~Vault();
    Vault(const Vault&) = delete;
    Vault& operator=(const Vault&) = delete;

    const std::string& directory() const { return directory_; }
    bool sealed() const { return key_.has_value(); }

    Result<std::vector<std::string>> backups() const;  // names, oldest first
    // The backup with this name, or the one whose name begins so; empty: the newest.
    Result<std::string> find(const std::string& name) const;
    Result<Manifest> manifest(const std::string& backup) const;

    // Gives every octet of the object to `take`. Fails with Fault::internal where it is not what it was.
    using Take = std::function<Result<>(std::string_view octets)>;
    Result<> read(const File& file, const Take& take) const;

    // Where the object of a file is, which has its octets as they are; for a vault that is not sealed.
    std::string object_file(const File& file) const { return object_path(file.object); }

    // Keeps what the file at `source` holds: fills in octets, sha256, object and mode. True where it was not
    // there. An object that is there is read back, and written again where it is damaged. `opened`: see
    // InputFile::open.
    Result<bool> keep(const std::string& source, File& file, const Progress& progress,
                      const Descriptor* opened = nullptr);
    // Makes the backup real, and names it.
    Result<std::string> add(const Manifest& manifest);
    // Removes all but the newest `count` backups, and the objects that none holds any more. Gives the names
    // of those removed. Objects stay where a manifest cannot be read: nobody knows what it holds.
    //
    // `taken` is the backup just taken. Names sort by time: where others say that they are later, the clock
    // was wrong when they were taken, or is now, and which are the newest is unknown. Then no backup is
    // removed, and it fails with Fault::exists and says so.
    Result<std::vector<std::string>> prune(std::size_t count, const std::string& taken);

private:
    Vault(std::string directory, Descriptor lock, std::optional<Key> key);
    Result<> begin();
    Result<> write_object(const std::string& source, const File& file, const Progress& progress,
                          const Descriptor* opened);
    Result<> remove_unused();
    std::string object_name(std::string_view sha256) const;
    std::string object_path(const std::string& object) const;

    std::string directory_;
    Descriptor lock_;
    std::optional<Key> key_;
    std::uint64_t incoming_ = 0;
    std::vector<std::string> added_;  // objects that no manifest names yet
};

// "20261123T081530.123Z"
std::string backup_name(Time taken);

}  // namespace heliopost::backup
