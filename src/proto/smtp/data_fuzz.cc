#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/smtp/data.h"
#include "proto/smtp/data_reference.h"
#include "proto/smtp/dot_stuff.h"

// However DATA is cut into reads, it decodes as the plain reading of RFC 5321 does.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost::smtp;
    if (size == 0) return 0;
    const size_t chunk = size_t{octets[0]} + 1;
    const std::string text = std::string(reinterpret_cast<const char*>(octets) + 1, size - 1) + "\r\n.\r\n";
    const Decoded want = decode_plainly(text);

    DataDecoder decoder;
    Decoded got;
    while (got.consumed < text.size() && !decoder.done())
        got.consumed += decoder.feed(std::string_view(text).substr(got.consumed, chunk),
                                     [&](std::string_view piece) { got.message += piece; });
    got.done = decoder.done();
    got.defects = decoder.defects();
    if (got != want) std::abort();

    // What is sent arrives whole, in any pieces, without a defect; line ends become CRLF.
    const std::string_view message(reinterpret_cast<const char*>(octets) + 1, size - 1);
    const auto stuffed = [&](size_t step) {
        DotStuffer stuffer;
        std::string out;
        const auto sink = [&](std::string_view piece) { out += piece; };
        for (size_t at = 0; at < message.size(); at += step) stuffer.feed(message.substr(at, step), sink);
        stuffer.finish(sink);
        return out;
    };
    const std::string sent = stuffed(message.size() + 1);
    if (stuffed(chunk) != sent) std::abort();
    const Decoded arrived = decode_plainly(sent);
    if (!arrived.done || arrived.consumed != sent.size()) std::abort();
    std::string ends(message);
    if (ends.find_first_of("\r\n") == std::string::npos &&
        arrived.message != ends + (ends.empty() ? "" : "\r\n"))
        std::abort();
    return 0;
}
