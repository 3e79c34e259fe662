#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/results/results.h"

// Whatever parses, and is short enough to be written whole, is written so that it parses to the same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(octets), size);
    (void)results::claims_to_be(text, {"mx.a.example"});
    (void)results::merged_value("Authentication-Results: " + std::string(text) + "\r\n", "mx.a.example");
    const auto first = results::parse_results(text);
    if (!first) return 0;
    const std::string once = results::write_value(*first);
    const auto second = results::parse_results(once);
    if (!second) std::abort();
    if (results::write_value(*second) != once) std::abort();
    return 0;
}
