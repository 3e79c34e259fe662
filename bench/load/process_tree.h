// What a server's processes have used: processor time and memory of a process and all below it.
//
// Read from /proc (proc(5)). Time of children that have ended counts once their parent has waited for them.
// The memory of the kernel (socket buffers) is in none of the figures.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace heliopost::bench {

struct Usage {
    double cpu_seconds = 0;
    std::uint64_t resident_octets = 0;      // shared pages count in every process that has them
    std::uint64_t proportional_octets = 0;  // shared pages count once in all
    std::uint64_t processes = 0;            // 0: there is no such process
};

Usage usage_of(pid_t root);
// Without memory, which takes the kernel a while to add up.
double cpu_seconds_of(pid_t root);

}  // namespace heliopost::bench
