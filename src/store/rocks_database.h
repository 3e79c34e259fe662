// The RocksDB database of a store: its options, its column families, and opening it with care.
// Internal to store/.
#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/rocks_store.h"

namespace heliopost::store {

struct Database {
    ~Database();

    std::string path;
    std::atomic<bool> is_open = false;    // before, a start that fails says why
    std::unique_ptr<rocksdb::Env> files;  // log_files.h; outlives the database
    std::unique_ptr<rocksdb::DB> db;
    rocksdb::ColumnFamilyHandle* rows = nullptr;
    rocksdb::ColumnFamilyHandle* chunks = nullptr;
};

Result<std::unique_ptr<Database>> open_database(const RocksOptions& options);

// The engine failed: one line to standard error, then the end of the process. Never returns, never is
// retried: after a failed sync nobody knows what is on the disk.
[[noreturn]] void end_process(const std::string& path, const rocksdb::Status& status) noexcept;

}  // namespace heliopost::store
