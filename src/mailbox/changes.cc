#include "mailbox/changes.h"

#include <algorithm>

#include "mailbox/keys.h"

namespace heliopost::mailbox {

using key::Counter;
using store::Tuple;

namespace {

void add(store::Batch& batch, std::string counter, std::int64_t delta,
         std::optional<std::uint64_t> at_most = std::nullopt) {
    if (delta != 0) batch.add(std::move(counter), delta, at_most);
}

Tuple operation_key(MailboxId mailbox, store::Slot mod_sequence) {
    return Tuple(key::of(key::Kind::operation, mailbox)).slot(mod_sequence);
}

void put_highest(store::Batch& batch, MailboxId mailbox) {
    batch.put(key::of(key::Kind::highest, mailbox), Tuple().slot(batch.mod_sequence()));
}

// A value of the change log holds this many emails whatever their ids are.
constexpr std::size_t log_row_emails_max = store::value_octets_max / 10 - 1;

}  // namespace

void change_counts(store::Batch& batch, MailboxId mailbox, const Counts& counts) {
    add(batch, key::of(Counter::messages, mailbox), counts.messages);
    add(batch, key::of(Counter::unseen, mailbox), counts.unseen);
    add(batch, key::of(Counter::deleted, mailbox), counts.deleted);
    add(batch, key::of(Counter::octets, mailbox), counts.octets);
}

void change_quota(store::Batch& batch, const Counts& counts, Quota quota) {
    const bool enforced = quota.mode == Quota::Mode::enforce && quota.octets_max != 0;
    add(batch, key::of(Counter::account_octets), counts.octets,
        enforced ? std::optional(quota.octets_max) : std::nullopt);
    add(batch, key::of(Counter::account_messages), counts.messages);
}

void put_rows(store::Batch& batch, MailboxId mailbox, const NewRows& rows) {
    batch.put(operation_key(mailbox, batch.mod_sequence()).slot32(rows.first_uid, rows.uid_plus),
              encode(rows));
    put_highest(batch, mailbox);
}

void put_operation(store::Batch& batch, MailboxId mailbox, std::string operation) {
    batch.put(operation_key(mailbox, batch.mod_sequence()).u32(0), Tuple(std::move(operation)));
    put_highest(batch, mailbox);
}

void log_emails(store::Batch& batch, MailboxId mailbox, std::uint8_t what, std::vector<EmailId> emails) {
    std::ranges::sort(emails);
    for (std::size_t at = 0; at < emails.size(); at += log_row_emails_max) {
        std::string ids(1, static_cast<char>(what));
        std::uint64_t before = 0;
        const std::size_t end = std::min(emails.size(), at + log_row_emails_max);
        for (std::size_t i = at; i < end; ++i) {
            std::uint64_t difference = emails[i].value - before;
            before = emails[i].value;
            for (; difference >= 0x80; difference >>= 7)
                ids += static_cast<char>(static_cast<unsigned char>(difference | 0x80));
            ids += static_cast<char>(static_cast<unsigned char>(difference));
        }
        batch.log(store::ChangeKind::membership, mailbox.value, Tuple(std::move(ids)));
    }
}

}  // namespace heliopost::mailbox
