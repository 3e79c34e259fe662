#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/smtp/bdat.h"
#include "proto/smtp/data_reference.h"

// However a message is cut into chunks and reads, its octets and defects are the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost::smtp;
    if (size < 2) return 0;
    const size_t chunk = size_t{octets[0]} + 1;
    const size_t read = size_t{octets[1]} + 1;
    const std::string_view message(reinterpret_cast<const char*>(octets) + 2, size - 2);
    BdatDecoder decoder(size);
    std::string got;
    for (size_t at = 0; at < message.size(); at += chunk) {
        std::string_view piece = message.substr(at, chunk);
        decoder.begin({.size = piece.size(), .last = false});
        while (!decoder.chunk_done())
            piece.remove_prefix(
                decoder.feed(piece.substr(0, read), [&](std::string_view part) { got += part; }));
        if (!piece.empty()) std::abort();
    }
    decoder.begin({.size = 0, .last = true});
    if (decoder.finish() != defects_of(message) || got != message || decoder.too_large()) std::abort();
    return 0;
}
