#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/bimi/record.h"

// What is read can be asked for or fetched: https and printable, a label.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(octets), size);
    if (const auto selector = bimi::parse_selector(text))
        if (selector->empty() || selector->find('.') != std::string::npos) std::abort();
    const auto record = bimi::parse_record("v=BIMI1; " + std::string(text));
    if (!record) return 0;
    for (const std::string& one : {record->logo, record->authority})
        for (const char c : one)
            if (c <= ' ' || c > '~') std::abort();
    return 0;
}
