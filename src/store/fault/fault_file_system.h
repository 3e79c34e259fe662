// FaultFileSystem: the files of one directory on a FaultDisk, for RocksDB. For tests.
//
// Reads come from real files, which hold what a running process sees; the disk below is the model's.
// RocksDB's lock and its own log text are real files only. Nothing is really synced, which makes it fast.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <memory>
#include <string>

#include "store/fault/fault_disk.h"

namespace heliopost::store::fault {

// The Env for RocksOptions::env. The disk must outlive it, and it the store.
std::unique_ptr<rocksdb::Env> make_fault_env(std::shared_ptr<FaultDisk> disk, std::string directory);

}  // namespace heliopost::store::fault
