#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/mime/transfer.h"

// Any chunking decodes to the same; what is encoded decodes to itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost::mime;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    const size_t step = data[0] % 13 + 1;
    using enum TransferEncoding;
    for (const auto encoding : {identity, base64, quoted_printable, uuencode, unknown}) {
        TransferDecoder decoder(encoding);
        std::string out;
        for (size_t at = 0; at < text.size(); at += step) decoder.feed(text.substr(at, step), out);
        decoder.finish(out);
        if (out != decode_transfer(encoding, text)) std::abort();
        if (out.size() > text.size()) std::abort();
    }
    if (decode_transfer(base64, encode_base64_lines(text)) != text) std::abort();
    if (decode_transfer(quoted_printable, encode_quoted_printable(text)) != text) std::abort();
    return 0;
}
