// What the server gives up once it runs, so that whoever breaks into it gets no further: paths, ports, system
// calls, privileges, core dumps. Nothing of it can be undone by the process, or by what it would start.
//
//   confine()            before the first thread, for Landlock holds for the caller and the threads it makes
//   seal_system_calls()  once the user is dropped and the store is open; holds for all threads at once
//
// A kernel without Landlock or seccomp is no error: the measure is reported as not in force, with the reason.
// What serve() logs, `heliopost doctor --sandbox` shows and tries out. Linux only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace heliopost::sandbox {

// Paths are directories or files; what does not exist is left out. A directory means all that is below.
struct Plan {
    std::vector<std::string> readable;
    std::vector<std::string> writable;
    std::vector<std::uint16_t> listen;   // TCP ports
    std::vector<std::uint16_t> connect;  // TCP ports of other machines
    bool abstract_sockets = false;       // Unix sockets that have no path may be connected to
};

struct Measure {
    std::string name;
    bool in_force = false;
    std::string detail;  // how, or why not
};

std::vector<Measure> confine(const Plan& plan);
Measure seal_system_calls();

// Tries what is forbidden now, each thing once; in_force is that the system refused it. For a process that
// does nothing else: where a probe is not refused, a child, a file in /tmp or a listener may come to be for a
// moment.
std::vector<Measure> probe(const Plan& plan);

}  // namespace heliopost::sandbox
