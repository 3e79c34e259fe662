// Landlock by its system calls: Debian 12's header knows version 2 of the interface, kernels know more.
// Internal to main/sandbox.
#pragma once

#include "main/sandbox/sandbox.h"

namespace heliopost::sandbox {

// Paths and ports in force, or why not. Needs no_new_privs.
std::vector<Measure> confine_paths_and_ports(const Plan& plan);

}  // namespace heliopost::sandbox
