// What the running server may still reach, from its settings: the plan for main/sandbox.
#pragma once

#include <string>

#include "main/sandbox/sandbox.h"
#include "main/settings.h"

namespace heliopost {

// Makes the data directory if it is not there, for a right is given to what exists. A reload that names files
// or ports outside takes effect after a restart.
// NOTIFY: the service manager's socket, which may be one without a path ("@name"); empty: none.
sandbox::Plan sandbox_plan(const Settings& settings, const std::string& settings_file,
                           const std::string& notify);

}  // namespace heliopost
