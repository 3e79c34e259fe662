#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "directory/names.h"

// A name that reads is folded: it reads the same from its own key, and in capitals.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    using namespace heliopost::directory;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto folded = fold_local_part(text))
        if (fold_local_part(*folded).value_or("") != *folded) std::abort();
    if (const auto domain = parse_domain(text))
        if (parse_domain(*domain).value_or("") != *domain ||
            parse_domain(to_upper(*domain)).value_or("") != *domain)
            std::abort();
    if (const auto name = parse_name(text)) {
        const auto again = make_name(name->local_part, name->domain);
        if (!again || *again != *name) std::abort();
    }
    if (const auto name = parse_new_name(text)) {
        const auto again = parse_new_name(name->key());
        if (!again || *again != *name || parse_name(text) != *name) std::abort();
    }
    if (const auto target = normalise_target(text))
        if (normalise_target(*target).value_or("") != *target) std::abort();
    return 0;
}
