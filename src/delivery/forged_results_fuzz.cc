// Nothing that bears our name stays in the header, in whatever pieces it comes; a second pass finds nothing.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "delivery/forged_results.h"

namespace {

std::string pass(std::string_view message, std::size_t piece) {
    static const std::vector<std::string> names{"a"};
    heliopost::delivery::ForgedResults filter(names);
    std::string out;
    for (std::size_t at = 0; at < message.size(); at += piece) out += filter.feed(message.substr(at, piece));
    return out + filter.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const std::string_view message(reinterpret_cast<const char*>(octets), size);
    const std::string whole = pass(message, size + 1);
    if (pass(message, 1) != whole || pass(message, 5) != whole || pass(whole, 64) != whole) std::abort();
    return 0;
}
