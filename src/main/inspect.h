// What is wrong with settings that can be read: with the machine they are for, or with each other.
#pragma once

#include <string>
#include <vector>

#include "main/settings.h"

namespace heliopost {

// One line each, which says what to do. Reads the file system, changes nothing.
std::vector<std::string> inspect(const Settings& settings, const std::string& settings_file);

}  // namespace heliopost
