// Manual pages as roff (man(7)), made from the tables that the program itself reads. `heliopost man` prints
// them; packaging/man/ holds what it printed.
#pragma once

#include <string>
#include <vector>

#include "main/reference.h"
#include "main/settings.h"

namespace heliopost {

std::string program_page(const CommandReference& program);                    // heliopost(8)
std::string configuration_page(const std::vector<OptionReference>& options);  // heliopost.toml(5)

}  // namespace heliopost
