#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/smtp/path.h"

// Whatever parses must print to a text that parses to the same value; a normalised domain stays as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(octets), size);
    for (const auto parse : {&smtp::parse_reverse_path, &smtp::parse_forward_path}) {
        Cursor in(text);
        const auto first = parse(in);
        if (!first) continue;
        const std::string printed = smtp::to_path(*first);
        Cursor again(printed);
        const auto second = parse(again);
        if (!second || *second != *first || !again.done()) std::abort();
        if (first->domain.empty()) continue;
        const auto domain = smtp::normalise_domain(first->domain);
        if (domain && smtp::normalise_domain(*domain).value_or("") != *domain) std::abort();
    }
    return 0;
}
