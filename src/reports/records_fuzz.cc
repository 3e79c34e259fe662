#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "reports/records.h"

// The first octet says how long the key is. What decodes is written so that it reads the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace heliopost::reports;
    if (size == 0) return 0;
    const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string_view key = all.substr(0, data[0]);
    const std::string_view value = all.substr(key.size());
    static_cast<void>(check_row(key, value));
    if (const auto row = decode_row(value))
        if (const auto again = decode_row(encode(*row)); !again || *again != *row) std::abort();
    if (const auto period = decode_period(value))
        if (const auto again = decode_period(encode(*period)); !again || *again != *period) std::abort();
    if (const auto id = parse_period_key(key); id && key[0] == 1 && !check_row(key, encode(Period{})))
        if (period_key(*id) != key) std::abort();
    return 0;
}
