#include "main/copy_progress.h"

#include <string>

#include "main/interrupt.h"

namespace heliopost {

backup::Progress show_progress(Bar& bar, std::uint64_t octets_expected) {
    return [&bar, octets_expected, done = std::uint64_t{0}](std::uint64_t octets) mutable -> Result<> {
        if (interrupted()) return fail(Fault::temporary, "stopped");
        done += octets;
        constexpr std::uint64_t mebi = 1024 * 1024;
        bar.show(octets_expected == 0 ? 1 : static_cast<double>(done) / static_cast<double>(octets_expected),
                 std::to_string(done / mebi) + " of " + std::to_string(octets_expected / mebi) + " MiB");
        return {};
    };
}

}  // namespace heliopost
