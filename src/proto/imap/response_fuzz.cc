#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "proto/imap/response.h"

namespace {

using namespace heliopost::imap;

struct Reading {
    std::vector<Response> responses;
    bool failed = false;
    bool operator==(const Reading&) const = default;
};

Reading read(std::string_view octets, size_t chunk) {
    Reading reading;
    ResponseReader reader;
    for (size_t at = 0; at < octets.size() && !reading.failed; at += chunk) {
        reader.feed(octets.substr(at, chunk));
        for (;;) {
            auto response = reader.next();
            reading.failed = !response;
            if (!response) break;
            auto& one = *response;
            if (!one) break;
            reading.responses.push_back(*std::move(one));
        }
    }
    return reading;
}

}  // namespace

// However the octets are cut, the same responses are read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    const std::string_view octets(reinterpret_cast<const char*>(data), size);
    const Reading whole = read(octets, octets.size() + 1);
    for (const size_t chunk : {1U, 3U, 7U})
        if (read(octets, chunk) != whole) std::abort();
    return 0;
}
