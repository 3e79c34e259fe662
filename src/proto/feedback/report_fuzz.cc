#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/feedback/report.h"

// Whatever message or block of fields comes, what is kept of it is bounded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(octets), size);
    (void)feedback::read_report(text).has_value();
    const auto failure = feedback::parse_failure(text);
    if (!failure) return 0;
    if (failure->feedback_type.empty() || failure->reported_uris.size() > feedback::failure_values_max)
        std::abort();
    for (const std::string& one : failure->authentication_results)
        if (one.size() > feedback::failure_value_octets_max || one.find('\n') != std::string::npos)
            std::abort();
    return 0;
}
