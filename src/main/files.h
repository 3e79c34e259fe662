// Writing the few files that commands make: whole or not at all, synced, with the mode they need.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace heliopost {

// Writes beside the file, syncs, renames over it. Fails with a text that names the file.
Result<void> write_file(const std::string& file, const std::string& octets, mode_t mode);
Result<std::string> read_file(const std::string& file, std::size_t octets_max);

// Makes the directory, open to its owner alone, unless it is there; its parents as the umask says. What goes
// wrong shows when it is used.
void make_private_directory(const std::string& directory);

}  // namespace heliopost
