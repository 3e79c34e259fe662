#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/dmarc/author.h"
#include "proto/dmarc/record.h"

// A record prints to a text that parses to the same value; a header has either an author or a reason.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(octets), size);
    const dmarc::Author author = dmarc::read_author("From: " + std::string(text) + "\r\n");
    if (author.domain.empty() != !author.reason.empty()) std::abort();
    if (author.warnings.size() > dmarc::author_warnings_max) std::abort();
    const auto first = dmarc::parse_record(text);
    if (!first) return 0;
    const auto second = dmarc::parse_record(dmarc::to_string(*first));
    if (!second || *second != *first) std::abort();
    return 0;
}
