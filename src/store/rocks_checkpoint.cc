#include "store/rocks_checkpoint.h"

#include <rocksdb/utilities/checkpoint.h>

#include <filesystem>
#include <memory>

#include "store/rocks_store.h"

namespace heliopost::store {

// What is in memory is flushed to tables first (log size 0): tables are shared from one backup to the next,
// a log is not.
Result<std::string> make_checkpoint(Database& database) {
    namespace fs = std::filesystem;
    const fs::path path = fs::absolute(database.path) / checkpoint_name;
    std::error_code error;
    fs::remove_all(path, error);
    fs::remove_all(path.string() + ".tmp", error);  // of one that was cut short
    rocksdb::Checkpoint* made = nullptr;
    auto status = rocksdb::Checkpoint::Create(database.db.get(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok()) status = checkpoint->CreateCheckpoint(path.string(), 0);
    if (status.ok()) return path.string();
    fs::remove_all(path, error);
    fs::remove_all(path.string() + ".tmp", error);
    return fail(Fault::internal, "cannot make a checkpoint of the store: " + status.ToString());
}

}  // namespace heliopost::store
