// OpenedStore: the store of a backup, open for reading, without putting it back anywhere.
//
// In a directory of its own below the system's for temporary files (TMPDIR), removed with this object. Of a
// backup that is not encrypted it holds links to the objects; of an encrypted one the store in clear text,
// mode 0700, and needs as much room. Blocks.
#pragma once

#include <memory>
#include <string>

#include "backup/vault.h"
#include "store/rocks_store.h"

namespace heliopost::backup {

class OpenedStore {
public:
    static Result<std::unique_ptr<OpenedStore>> open(const Vault& vault, const Manifest& manifest,
                                                     const Progress& progress);
    ~OpenedStore();
    OpenedStore(const OpenedStore&) = delete;
    OpenedStore& operator=(const OpenedStore&) = delete;
    store::RocksStore& store() { return *store_; }

private:
    explicit OpenedStore(std::string directory) : directory_(std::move(directory)) {}
    std::string directory_;
    std::unique_ptr<store::RocksStore> store_;
};

}  // namespace heliopost::backup
