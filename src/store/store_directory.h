// The directory of a store: made so that no power cut takes it away with what was acknowledged in it.
#pragma once

#include <string>

#include "base/result.h"

namespace heliopost::store {

// Makes it, mode 0700, with its parents, and syncs each directory in which a name is new. No error where it
// is there.
Result<> make_store_directory(const std::string& path);

// What a backup that was killed has left, unless one is under way, which holds a lock on the directory.
void remove_left_checkpoint(const std::string& path);

}  // namespace heliopost::store
