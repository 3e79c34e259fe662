#include <algorithm>

#include "queue/queue.h"
#include "queue/records.h"

namespace heliopost::queue {
namespace {

// RFC 3461 §4.4 allows 100 characters; decoding only shortens them.
constexpr std::size_t envelope_id_octets_max = smtp::envelope_id_octets_max;

Result<void> check(const NewEntry& from) {
    if (from.recipients.empty()) return fail(Fault::syntax, "no recipients");
    if (from.recipients.size() > recipients_max) return fail(Fault::too_large, "too many recipients");
    if (from.prefix.size() > prefix_octets_max) return fail(Fault::too_large, "trace fields too long");
    if (from.envelope_id.value_or("").size() > envelope_id_octets_max)
        return fail(Fault::too_large, "ENVID too long");
    return {};
}

std::shared_ptr<const Entry> entry_of(NewEntry& from) {
    auto entry = std::make_shared<Entry>();
    entry->id = from.id;
    entry->reverse_path = std::move(from.reverse_path);
    entry->created = from.created;
    entry->expiry = from.expiry;
    entry->identity = from.identity;
    entry->source = from.source;
    entry->blob = std::move(from.blob);
    entry->prefix = std::move(from.prefix);
    entry->smtputf8 = from.smtputf8;
    entry->body_8bit = from.body_8bit;
    entry->requiretls = from.requiretls;
    entry->ret = from.ret;
    entry->envelope_id = std::move(from.envelope_id);
    entry->recipient_count = static_cast<std::uint32_t>(from.recipients.size());
    return entry;
}

Result<Recipient> recipient_of(NewRecipient& from, std::uint32_t index, Time next_attempt) {
    if (from.address.local_part.empty() || from.address.domain.empty())
        return fail(Fault::syntax, "a recipient needs a domain");
    Recipient recipient;
    recipient.index = index;
    recipient.domain = TRY(smtp::normalise_domain(from.address.domain));
    if (recipient.domain.empty()) return fail(Fault::syntax, "a recipient needs a domain");
    recipient.address = std::move(from.address);
    recipient.notify = from.notify;
    recipient.original_recipient = std::move(from.original_recipient);
    recipient.next_attempt = next_attempt;
    return recipient;
}

}  // namespace

Result<Added> add(store::Batch& batch, NewEntry from) {
    TRY(check(from));
    const Time next_attempt = from.not_before.value_or(from.created);
    auto recipients = std::make_shared<std::vector<Recipient>>();
    recipients->reserve(from.recipients.size());
    std::vector<std::string> rows;
    rows.reserve(from.recipients.size());
    std::size_t octets = from.prefix.size();
    for (NewRecipient& recipient : from.recipients) {
        const auto index = static_cast<std::uint32_t>(recipients->size());
        recipients->push_back(TRY(recipient_of(recipient, index, next_attempt)));
        rows.push_back(encode(recipients->back()));
        octets += rows.back().size();
    }
    if (octets > entry_octets_max) return fail(Fault::too_large, "too many recipients");
    const auto entry = entry_of(from);
    std::string row = encode(*entry);
    if (row.size() > store::value_octets_max) return fail(Fault::too_large, "envelope too large");

    batch.assert_equal(entry_key(entry->id), std::nullopt);
    batch.put(entry_key(entry->id), std::move(row));
    for (std::uint32_t index = 0; index < rows.size(); ++index)
        batch.put(recipient_key(entry->id, index), std::move(rows[index]));
    batch.reference(entry->blob.id, store::Tuple().u64(entry->id.value));
    return Added{entry, recipients};
}

// The bits below the milliseconds are random, so that the ids of two processes rarely meet; within one they
// only grow, even when its clock is set back.
QueueId IdSource::next(Time now, std::uint64_t random) {
    constexpr unsigned random_bits = 20;
    const auto milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(unix_milliseconds(now), 0));
    const std::uint64_t wanted = milliseconds << random_bits | (random & ((1U << random_bits) - 1));
    std::uint64_t last = last_.load();
    std::uint64_t given = 0;
    do {
        given = std::max(wanted, last + 1);
    } while (!last_.compare_exchange_weak(last, given));
    return QueueId(given);
}

}  // namespace heliopost::queue
