// A file that the server reads by its name, certificates and keys, opened by root in its stead.
#pragma once

#include <string>

#include "backup/file.h"
#include "base/result.h"

namespace heliopost {

inline constexpr std::size_t path_links_max = 40;  // as the kernel's

// Root is not led by links that the server's user may change, or a subverted server would choose what root
// reads. So the file is opened with the rights of `user`; with root's own only where nobody but root can
// change any step of the way: `serve` reads such a key before it gives root up. It is opened as we are where
// user is empty or we are not root. Fault::denied where it cannot be opened, or is no file. Blocks.
Result<backup::Descriptor> open_servers_file(const std::string& path, const std::string& user);

}  // namespace heliopost
