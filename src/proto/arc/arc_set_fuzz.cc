#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/arc/arc_set.h"

// Whatever stands in a header: sets are whole, in order and bounded, and each can be sealed over.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const auto sets = arc::collect_sets({reinterpret_cast<const char*>(octets), size});
    if (!sets) return 0;
    if (sets->size() > arc::instances_max) std::abort();
    for (size_t i = 0; i < sets->size(); ++i) {
        if (sets->at(i).sealed_by.instance != i + 1) std::abort();
        if (arc::sealed_header(*sets, i + 1).ends_with('\n')) std::abort();
    }
    return 0;
}
