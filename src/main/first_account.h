// A domain with its first account, and postmaster and abuse that lead to it.
#pragma once

#include <string>

#include "base/result.h"
#include "main/program.h"

namespace heliopost {

Result<void> add_first_account(Program& program, const std::string& address, const std::string& password);

}  // namespace heliopost
