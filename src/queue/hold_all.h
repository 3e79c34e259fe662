// hold_all(): what a whole restore does to the queue before anybody works on it: entries of the backup may
// have been delivered since, and must not be sent twice. Each waits until `heliopost queue release`.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "net/task.h"
#include "store/store.h"

namespace heliopost::queue {

// On the rows alone: no Queue has loaded them. Gives how many recipients it held. Rows that cannot be read
// stay as they are: load() passes over them.
net::Task<Result<std::size_t>> hold_all(store::Store* store);

}  // namespace heliopost::queue
