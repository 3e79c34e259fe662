// What a shell runs to complete a command line of heliopost, made from the tree that parses it.
#pragma once

#include <cstdint>
#include <string>

#include "main/reference.h"

namespace heliopost {

enum class Shell : std::uint8_t { bash, zsh, fish };

// Commands and options at every place; files and directories where an option takes one.
std::string completion_script(const CommandReference& program, Shell shell);

}  // namespace heliopost
