#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/pop3/response.h"

namespace {

std::string encode(std::string_view message, size_t chunk, std::uint64_t lines) {
    std::string out;
    heliopost::pop3::MultiLineEncoder encoder(lines);
    for (size_t at = 0; at < message.size(); at += chunk)
        encoder.feed(message.substr(at, chunk), [&](std::string_view piece) { out += piece; });
    out += encoder.end();
    return out;
}

}  // namespace

// In any pieces the same, no LF without its CR, and CRLF.CRLF comes only at the end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    if (size < 2) return 0;
    const std::string_view message(reinterpret_cast<const char*>(octets) + 2, size - 2);
    for (const std::uint64_t lines :
         {std::uint64_t{octets[1]}, heliopost::pop3::MultiLineEncoder::all_lines}) {
        const std::string whole = encode(message, size, lines);
        if (encode(message, size_t{octets[0]} + 1, lines) != whole) std::abort();
        for (size_t at = whole.find('\n'); at != std::string::npos; at = whole.find('\n', at + 1))
            if (at == 0 || whole[at - 1] != '\r') std::abort();
        if (("\r\n" + whole).find("\r\n.\r\n") != whole.size() - 3) std::abort();
    }
    return 0;
}
