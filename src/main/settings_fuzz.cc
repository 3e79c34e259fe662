#include <cstddef>
#include <cstdint>
#include <string_view>

#include "main/settings.h"

// Any text is settings or an error that names the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const auto got = parse_settings({reinterpret_cast<const char*>(octets), size}, "fuzz.toml");
    if (!got && !got.error().text.starts_with("fuzz.toml")) __builtin_trap();
    return 0;
}
