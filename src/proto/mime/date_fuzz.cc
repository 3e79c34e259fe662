#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proto/mime/date.h"

// What parses is written to a text that parses to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost::mime;
    const auto first = parse_date(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!first) return 0;
    const auto second = parse_date(format_date(*first));
    if (!second || !(*second == *first)) std::abort();
    return 0;
}
