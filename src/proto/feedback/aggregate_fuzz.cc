#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/feedback/aggregate.h"
#include "proto/feedback/unpack.h"

// Whatever is read is written so that it reads as the same once more, packed or not.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(octets), size);
    const auto xml = feedback::unpack(text);
    if (!xml) return 0;
    const auto report = feedback::parse_aggregate(*xml);
    if (!report) return 0;
    const auto once = feedback::parse_aggregate(feedback::write_aggregate(*report));
    if (!once) std::abort();
    const auto twice = feedback::parse_aggregate(feedback::write_aggregate(*once));
    if (!twice || *twice != *once) std::abort();
    return 0;
}
