#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/smtp/ehlo.h"
#include "proto/smtp/reply.h"

using namespace heliopost;

namespace {

Result<smtp::Reply> parse(std::string_view octets, size_t chunk) {
    smtp::ReplyParser parser;
    for (size_t at = 0; at < octets.size() && !parser.done(); at += chunk)
        TRY(parser.feed(octets.substr(at, chunk)));
    if (!parser.done()) return fail(Fault::syntax, "unfinished");
    return parser.take();
}

}  // namespace

// In any pieces the same reply; printed it parses to the same code and status, and prints the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(octets) + 1, size - 1);
    const auto whole = parse(text, size);
    const auto pieces = parse(text, size_t{octets[0]} + 1);
    if (whole.has_value() != pieces.has_value()) std::abort();
    if (!whole) return 0;
    if (*whole != *pieces) std::abort();
    const auto capabilities = smtp::parse_ehlo_reply(*whole);
    const auto announced = smtp::parse_ehlo_reply(smtp::ehlo_reply(capabilities));
    if (announced.extensions != capabilities.extensions || announced.auth != capabilities.auth) std::abort();
    if (capabilities.extensions.has(smtp::Extension::size) && announced.size_max != capabilities.size_max)
        std::abort();
    if (smtp::one_line(*whole).find_first_of("\r\n") != std::string::npos) std::abort();
    const std::string printed = smtp::format(*whole);
    const auto again = parse(printed, printed.size());
    if (!again) {
        if (whole->lines.size() < 64) std::abort();  // only by the limits, which printing may pass
        return 0;
    }
    if (again->code != whole->code || smtp::format(*again) != printed) std::abort();
    return 0;
}
