// The data directory, looked at before root gives it away.
#pragma once

#include <string>

#include "base/result.h"

namespace heliopost {

// Fault::denied for a directory that holds files and neither a store nor what a restore that was cut short
// has left: "/etc" named by mistake. One that is absent or empty passes, and so does one with a server key
// alone, or with what the engine writes first.
Result<void> check_store_place(const std::string& directory);

// Makes it where it is not there, checks it, and gives it to the user. Nothing but the making happens where
// name is empty or we are not root.
Result<void> give_store_to_user(const std::string& directory, const std::string& name);

}  // namespace heliopost
