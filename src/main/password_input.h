// Where a password comes from: standard input, or our own making.
#pragma once

#include <string>

#include "base/result.h"

namespace heliopost {

// The first line of standard input. Fault::syntax when there is none.
Result<std::string> read_password();

// Words and digits: directory::generate_password with the system's randomness.
std::string new_password();

}  // namespace heliopost
