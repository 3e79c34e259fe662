#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "proto/smtp/xtext.h"

// Encoding can always be undone, and what decodes survives another round.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(octets), size);
    if (smtp::from_xtext(smtp::to_xtext(text)).value_or("?") != text) std::abort();
    if (const auto decoded = smtp::from_xtext(text))
        if (smtp::from_xtext(smtp::to_xtext(*decoded)).value_or("?") != *decoded) std::abort();
    if (is_utf8(text) && smtp::from_utf8_addr(smtp::to_utf8_addr_xtext(text)).value_or("?") != text)
        std::abort();
    if (const auto decoded = smtp::from_utf8_addr(text))
        if (!is_utf8(*decoded)) std::abort();
    return 0;
}
