// Files of which each read is told, and which are read no more once somebody says so. Internal to store/.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace heliopost::store {

// For one thread. go_on is told after each read; where it answers no, that read and all later ones fail.
// The Env below outlives it.
std::unique_ptr<rocksdb::Env> paced_files(rocksdb::Env& below,
                                          std::function<bool(std::uint64_t octets)> go_on);

}  // namespace heliopost::store
