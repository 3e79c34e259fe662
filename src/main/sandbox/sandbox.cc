#include "main/sandbox/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "main/sandbox/landlock.h"

namespace heliopost::sandbox {
namespace {

Measure forbid_privileges() {
    const bool done = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    return {"no new privileges", done, done ? "no_new_privs" : std::strerror(errno)};
}

// A core dump has the keys and passwords that memory had. Not dumpable also means: no other process of the
// same user may trace it or read its memory.
Measure forbid_core_dumps() {
    const rlimit none{0, 0};
    const bool done = setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
    return {"no core dumps", done, done ? "not dumpable, RLIMIT_CORE 0" : std::strerror(errno)};
}

}  // namespace

std::vector<Measure> confine(const Plan& plan) {
    std::vector<Measure> measures = {forbid_privileges(), forbid_core_dumps()};
    for (Measure& measure : confine_paths_and_ports(plan)) measures.push_back(std::move(measure));
    return measures;
}

}  // namespace heliopost::sandbox
