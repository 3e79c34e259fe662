#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "proto/mime/charset.h"
#include "proto/mime/encoded_word.h"
#include "proto/mime/preview.h"

// The result is UTF-8, and UTF-8 that is encoded decodes to itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    using namespace heliopost::mime;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (!is_utf8(decode_words(text))) std::abort();
    const std::string fixed = repair_utf8(text);
    if (!is_utf8(fixed) || decode_words(encode_words(fixed)) != fixed) std::abort();
    if (!is_ascii_text(encode_words(text))) std::abort();
    if (!is_utf8(to_utf8("utf-16", text)) || !is_utf8(to_utf8("iso-2022-jp", text))) std::abort();
    if (!is_utf8(to_utf8("utf-7", text, 20)) || to_utf8("windows-1252", text, 20).size() > 20) std::abort();
    if (!is_utf8(preview(text, TextFormat::html)) || !is_utf8(preview(text, TextFormat::plain))) std::abort();
    return 0;
}
