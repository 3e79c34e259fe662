// The engine's files, with what the store needs of write-ahead logs and RocksDB does not give.
//
// 1. A log is whole on the disk before a later one is begun. RocksDB begins one at each switch of a memtable
//    and syncs the one before with the next synced write. A power cut between may keep a commit in the later
//    log whose first chunks, written without a sync, are lost with the end of the one before; a start does
//    not notice the hole (facebook/rocksdb issue 12488).
// 2. A log's sync that fails ends the process, there and then. RocksDB lets a flush's sync of an older log
//    fail, and before it says so a commit may sync that log again: the kernel says yes, and the octets are
//    gone.
//
// Internal to store/.
#pragma once

#include <rocksdb/env.h>

#include <functional>
#include <memory>

namespace heliopost::store {

// failed: told of 2, on any thread; returns only where that sync may fail as any other.
// The Env below outlives it.
std::unique_ptr<rocksdb::Env> make_log_files(rocksdb::Env& below,
                                             std::function<void(const rocksdb::Status&)> failed);

}  // namespace heliopost::store
