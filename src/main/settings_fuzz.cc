#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "main/settings.h"

// Any text is settings or an error that names the file; what is taken over at run time stays taken over.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const auto got = parse_settings({reinterpret_cast<const char*>(octets), size}, "fuzz.toml");
    if (!got) {
        if (!got.error().text.starts_with("fuzz.toml")) std::abort();
        return 0;
    }
    Settings running;
    const Changes first = take_over(running, *got);
    const Changes again = take_over(running, *got);
    // A smart host or certificates that were there at the start count as there from now on.
    if (!again.at_once.empty() && first.at_once.empty()) std::abort();
    for (const auto& key : again.at_once)
        if (std::ranges::find(first.at_once, key) != first.at_once.end()) std::abort();
    return 0;
}
