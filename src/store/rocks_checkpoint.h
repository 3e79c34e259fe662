// checkpoint() of the RocksDB engine. Internal to store/.
#pragma once

#include <string>

#include "base/result.h"
#include "store/rocks_database.h"

namespace heliopost::store {

Result<std::string> make_checkpoint(Database& database);

}  // namespace heliopost::store
