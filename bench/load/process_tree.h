// What a server's processes have used: processor time and memory of some processes and all below them.
//
// Read from /proc (proc(5)). Time of children that have ended counts once their parent has waited for them.
// The memory of the kernel (socket buffers) is in none of the figures.
#pragma once

#include <cstdint>
#include <vector>

namespace heliopost::bench {

struct Usage {
    double cpu_seconds = 0;
    std::uint64_t resident_octets = 0;      // shared pages count in every process that has them
    std::uint64_t proportional_octets = 0;  // shared pages count once in all
    std::uint64_t processes = 0;            // 0: there are no such processes
};

Usage usage_of(const std::vector<int>& roots);
// Without memory, which takes the kernel a while to add up.
double cpu_seconds_of(const std::vector<int>& roots);

}  // namespace heliopost::bench
