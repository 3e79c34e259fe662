#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/chunk.h"
#include "store/keys.h"
#include "store/records.pb.h"
#include "store/rocks_log.h"
#include "store/tuple.h"

// Whatever lies on the disk: chunk records, manifests, keys and logs are read without a fault, and what we
// write reads back as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view input(reinterpret_cast<const char*>(octets), size);

    if (size <= store::chunk_octets) {
        const auto again = store::decode_chunk(store::encode_chunk(input));
        if (!again || *again != input) std::abort();
    }
    // Any record: with the right checksum only every 2^32nd passes, so fuzz behind it as well.
    if (const auto plain = store::decode_chunk(input); plain && plain->size() > store::chunk_octets)
        std::abort();
    if (const auto plain = store::decode_chunk(store::with_right_checksum(std::string(input)));
        plain && plain->size() > store::chunk_octets)
        std::abort();

    store::Manifest manifest;
    if (manifest.ParseFromArray(octets, static_cast<int>(size))) {
        store::Manifest again;
        if (!again.ParseFromString(manifest.SerializeAsString()) || again.octets() != manifest.octets())
            std::abort();
    }

    if (store::read_change(input, input) && input.empty()) std::abort();  // no change has no key
    store::TupleReader reader(input);
    if (const auto text = reader.text()) {
        const std::string key = store::Tuple().text(*text).octets(reader.rest());
        if (key != input) std::abort();  // a text has one form only
    }

    store::LogScan scan;
    scan.add_file("000001.log", input);
    const auto& damage = scan.damage();
    if (damage && damage->offset >= size) std::abort();
    return 0;
}
