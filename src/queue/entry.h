// An outgoing message as the queue keeps it: the entry, and a row for each recipient.
//
// Values only. What is fixed when the message is accepted stands in Entry; what changes with every
// attempt stands in the recipient's row. A recipient is in exactly one state: pending and held ones are
// still queued, delivered, failed and dropped ones are final. A failed one was bounced, or owed nobody a
// bounce.
//
// RFC 5321 §4.5.4 (queueing), RFC 3461 §5.2 (what a queue must remember for DSNs).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "proto/smtp/address.h"
#include "proto/smtp/command.h"
#include "proto/smtp/reply.h"
#include "store/blob.h"

namespace heliopost::queue {

inline constexpr std::size_t recipients_max = 10'000;            // of one entry: as directory's expansion
inline constexpr std::size_t prefix_octets_max = 64 * 1024;      // architecture.md §5
inline constexpr std::size_t entry_octets_max = 9'000'000;       // all rows, below store::batch_octets_max
inline constexpr std::size_t reply_text_octets_max = 1'024;      // of last_reply; the rest is cut off
inline constexpr std::size_t remote_host_octets_max = 255 + 64;  // a name and an address

enum class Source : std::uint8_t { submission = 1, forward = 2, dsn = 3, relay = 4 };

enum class State : std::uint8_t { pending = 1, held = 2, delivered = 3, failed = 4, dropped = 5 };
constexpr bool is_final(State state) {
    return state != State::pending && state != State::held;
}
std::string_view to_string(State state);
std::string_view to_string(Source source);

// What the last attempt came to.
struct LastReply {
    int code = 0;  // 0: no reply came (connection, DNS, TLS); text says what happened
    smtp::EnhancedStatus enhanced;
    std::string text;         // one line, no controls
    std::string remote_host;  // "mx.b.example [192.0.2.1]:25", or empty
    bool operator==(const LastReply&) const = default;
};

struct Recipient {
    std::uint32_t index = 0;  // within the entry, from 0
    smtp::Address address;
    std::string domain;  // normalised: by which attempts are grouped
    smtp::Notify notify;
    std::optional<smtp::OriginalRecipient> original_recipient;  // ORCPT

    State state = State::pending;
    std::uint32_t attempts = 0;
    Time next_attempt{};                // pending only
    std::optional<Time> first_failure;  // of the first attempt that did not deliver
    std::optional<Time> last_attempt;
    LastReply last_reply;
    bool delay_warned = false;
    bool operator==(const Recipient&) const = default;
};

struct Entry {
    QueueId id;
    smtp::Address reverse_path;  // null(): never bounced
    Time created{};
    Time expiry{};       // past it a failed attempt is final
    AccountId identity;  // who submitted it; 0: nobody of ours
    Source source = Source::submission;
    store::BlobRef blob;
    std::string prefix;  // header fields in front of the blob
    bool smtputf8 = false;
    bool body_8bit = false;
    bool requiretls = false;  // RFC 8689; reserved
    smtp::Return ret = smtp::Return::unspecified;
    std::optional<std::string> envelope_id;  // ENVID, decoded
    std::uint32_t recipient_count = 0;
    bool operator==(const Entry&) const = default;
};

// A queue id as every log line and command writes it: 13 digits of 0-9a-v that sort as the numbers do.
std::string to_text(QueueId id);
Result<QueueId> parse_queue_id(std::string_view text);

}  // namespace heliopost::queue
