#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "backup/manifest.h"

// Whatever reads as a manifest is written as one that reads the same, and names no file outside of its place.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace heliopost::backup;
    const auto first = decode(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!first) return 0;
    for (const File& file : first->files)
        if (file.kind == File::Kind::store && file.name.find('/') != std::string::npos) std::abort();
    const auto second = decode(encode(*first));
    if (!second || *second != *first) std::abort();
    return 0;
}
