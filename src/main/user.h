// The server's own user: what root hands over to it, and how root is given up.
#pragma once

#include <pwd.h>

#include <cstddef>
#include <string>

#include "base/result.h"

namespace heliopost {

inline constexpr std::size_t given_depth_max = 16;  // of folders; those of a store are two deep

// As the system knows it, until the next user is asked for.
Result<const passwd*> find_user(const std::string& name);

// Gives up root for good. For what works on the store and must leave its files to the server. Nothing happens
// where name is empty or we are not root.
Result<void> become_user(const std::string& name);

// The same, but what only root may read can still be read, by this thread and those that it starts from now
// on. For what takes mail out of a backup, which is root's, into a store, which is the server's.
Result<void> become_reading_user(const std::string& name);

// Makes the user the owner of a file, or of a directory and all below; no link is followed, nor one that
// comes into the path below it meanwhile. Nothing happens where name is empty or we are not root, or where
// path is not there.
Result<void> give_to_user(const std::string& path, const std::string& name);

// Lets the user's group have a file that stays root's, as its mode allows: what the server reads and must not
// change. Nothing happens where name is empty or we are not root.
Result<void> lend_to_user(const std::string& file, const std::string& name);

}  // namespace heliopost
