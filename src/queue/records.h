// The rows of the queue partition, to octets and back: docs/format-queue.md.
//
// Decoding fails with Fault::internal: a record is checked when read as when written. Internal to queue/
// and fsck.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"
#include "queue/entry.h"

namespace heliopost::queue {

std::string entry_key(QueueId id);
std::string recipient_key(QueueId id, std::uint32_t index);
// All rows of one entry: [entry_key(id), end_key(id)).
std::string end_key(QueueId id);
// Above all rows of the queue.
std::string last_key();

struct Key {
    QueueId id;
    std::optional<std::uint32_t> recipient;  // nothing: the entry's own row
    bool operator==(const Key&) const = default;
};
Result<Key> parse_key(std::string_view octets);

std::string encode(const Entry& entry);
std::string encode(const Recipient& recipient);
Result<Entry> decode_entry(QueueId id, std::string_view octets);
Result<Recipient> decode_recipient(std::uint32_t index, std::string_view octets);

}  // namespace heliopost::queue
