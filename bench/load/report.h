// What an operation took, as one line of JSON on standard output and one for people on standard error.
#pragma once

#include <string>
#include <vector>

#include "load/options.h"
#include "load/process_tree.h"

namespace heliopost::bench {

struct Report {
    std::uint64_t done = 0;    // operations that the server said yes to
    std::uint64_t failed = 0;  // the others
    std::string first_failure;
    double seconds = 0;
    Usage before;
    Usage after;
    std::vector<double> latencies_ms;   // of each operation
    std::vector<double> rounds_cpu_ms;  // of the server in each round, where rounds are apart
    std::uint64_t messages = 0;         // in the mailbox, where one was selected

    void fail(std::string reason) {
        if (failed++ == 0) first_failure = std::move(reason);
    }
};

// False when nothing was done or something failed.
bool print(const Options& options, Report report);

}  // namespace heliopost::bench
