#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proto/mime/scanner.h"

namespace {

using namespace heliopost::mime;

void require(bool condition) {
    if (!condition) std::abort();
}

void check_ranges(const Structure& structure, size_t octets) {
    require(structure.octets == octets);
    for (size_t i = 0; i < structure.parts.size(); ++i) {
        const Part& part = structure.parts[i];
        require(part.header_begin <= part.body_begin && part.body_begin <= part.body_end &&
                part.body_end <= octets);
        require(part.lines <= part.octets());
        require(part.kind == PartKind::leaf ? part.children.empty() : !part.children.empty());
        std::uint64_t from = part.body_begin;
        for (const auto child : part.children) {
            require(child > i && structure.parts[child].header_begin >= from);
            from = structure.parts[child].body_end;
            require(from <= part.body_end);
        }
        if (part.envelope) require(*part.envelope < structure.envelopes.size());
    }
}

}  // namespace

// Any chunking gives the same structure; ranges lie within the message and within each other; an envelope is
// that of its header's range.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const std::string_view message(reinterpret_cast<const char*>(data + 1), size - 1);
    Limits limits;
    limits.parts = 30;
    limits.nesting = 6;
    limits.field_octets = 200;
    limits.addresses = 40;
    limits.boundary_octets = 20;
    const Structure whole = scan(message, limits);
    check_ranges(whole, message.size());

    Scanner scanner(limits);
    const size_t step = data[0] % 37 + 1;
    for (size_t at = 0; at < message.size(); at += step) scanner.feed(message.substr(at, step));
    require(scanner.finish() == whole);

    const Structure unlimited = scan(message);
    check_ranges(unlimited, message.size());
    for (const Part& part : unlimited.parts)
        if (part.envelope && !unlimited.over_limit)
            require(parse_envelope(message.substr(part.header_begin, part.header_octets())) ==
                    unlimited.envelopes[*part.envelope]);
    body_parts(unlimited);
    return 0;
}
