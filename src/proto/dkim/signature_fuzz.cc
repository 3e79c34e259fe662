#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/dkim/covered.h"
#include "proto/dkim/key_record.h"
#include "proto/dkim/signature.h"

namespace {

struct Taken final : heliopost::dkim::BodySink {
    void take(std::string_view octets) override { text += octets; }
    std::string text;
};

}  // namespace

// Whatever stands in a header or the DNS is read without a fault; a body gives the same octets in any pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(octets), size);
    if (const auto signature = dkim::parse_signature(text); signature && signature->fields.empty())
        std::abort();
    if (const auto key = dkim::parse_key_record(text); key && key->key.size() > text.size()) std::abort();
    for (const auto how : {dkim::Canonicalization::simple, dkim::Canonicalization::relaxed}) {
        Taken whole, parts;
        dkim::BodyCanonicalizer at_once(how), in_pieces(how);
        at_once.feed(text, whole);
        at_once.finish(whole);
        for (const char& octet : text) in_pieces.feed({&octet, 1}, parts);
        in_pieces.finish(parts);
        if (whole.text != parts.text) std::abort();
        const std::string covered = dkim::covered_header(text, {"from", "to", "from"}, text, how);
        if (covered.size() > 3 * text.size() + 16) std::abort();
    }
    return 0;
}
