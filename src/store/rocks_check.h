// check() of the RocksDB engine. Internal to store/.
#pragma once

#include "store/check.h"
#include "store/rocks_database.h"

namespace heliopost::store {

CheckReport check_database(Database& database, const CheckOptions& options);

}  // namespace heliopost::store
