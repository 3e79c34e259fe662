// What a backup or a restore shows while it copies, and how it is stopped.
#pragma once

#include <cstdint>

#include "backup/vault.h"
#include "main/bar.h"

namespace heliopost {

// The bar outlives it. Fails once the process was told to stop.
backup::Progress show_progress(Bar& bar, std::uint64_t octets_expected);

}  // namespace heliopost
