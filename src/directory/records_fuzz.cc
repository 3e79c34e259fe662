#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "directory/check.h"
#include "directory/records.h"

namespace {

using namespace heliopost;

void must(bool holds) {
    if (!holds) std::abort();
}

void decode_row(std::string_view octets, std::string_view value) {
    const auto key = directory::parse_key(octets);
    if (!key) return;
    must(directory::parse_key(directory::to_octets(*key)) == *key);
    if (const auto meta = directory::decode_meta(value))
        must(directory::decode_meta(directory::encode(*meta)) == *meta);
    if (const auto domain = directory::decode_domain(*key, value)) {
        const auto again = directory::decode_domain(*key, directory::encode(*domain));
        must(again && again->id == domain->id && again->catch_all == domain->catch_all);
    }
    if (const auto name = directory::decode_name(*key, value)) {
        const std::string once = directory::encode(*name);
        const auto again = directory::decode_name(*key, once);
        must(again && directory::encode(*again) == once);
    }
    if (const auto keys = directory::decode_change(value))
        must(directory::decode_change(directory::encode_change(*keys)) == *keys);
}

}  // namespace

// Whatever decodes must encode to what decodes to the same; fsck survives every row.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const size_t cut = size == 0 ? 0 : data[0] % size;
    decode_row(text.substr(0, cut), text.substr(cut));
    directory::Check check;
    check.row(text.substr(0, cut), text.substr(cut));
    check.row(text.substr(cut), text.substr(0, cut));
    check.finish();
    return 0;
}
