#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "queue/check.h"
#include "queue/records.h"

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

// Whatever decodes must encode to what decodes to the same; fsck survives every row; a queue id that parses
// prints as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const size_t cut = size == 0 ? 0 : data[0] % size;
    const std::string_view front = text.substr(0, cut);
    const std::string_view back = text.substr(cut);
    const QueueId id(7);
    if (const auto entry = queue::decode_entry(id, back))
        must(queue::decode_entry(id, queue::encode(*entry)) == *entry);
    if (const auto row = queue::decode_recipient(3, back))
        must(queue::decode_recipient(3, queue::encode(*row)) == *row);
    if (const auto parsed = queue::parse_key(front)) {
        const auto& key = *parsed;
        must(front ==
             (key.recipient ? queue::recipient_key(key.id, *key.recipient) : queue::entry_key(key.id)));
    }
    if (const auto parsed = queue::parse_queue_id(text))
        must(queue::parse_queue_id(queue::to_text(*parsed)) == *parsed);
    queue::Check check;
    check.row(front, back);
    check.row(queue::entry_key(id), back);
    check.row(queue::recipient_key(id, 3), back);
    check.finish();
    return 0;
}
