// become_user: gives up root for good. For what works on the store and must leave its files to the server.
#pragma once

#include <string>

#include "base/result.h"

namespace heliopost {

// Nothing happens where name is empty or we are not root.
Result<void> become_user(const std::string& name);

}  // namespace heliopost
