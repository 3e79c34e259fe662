// Ctrl-C and SIGTERM for commands that have something to clean up: they end at the next step.
#pragma once

namespace heliopost {

void catch_interrupts();  // the second one ends the process at once
bool interrupted();

}  // namespace heliopost
