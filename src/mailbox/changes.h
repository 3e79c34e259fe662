// Pieces of a commit that every change of a mailbox's messages is made of. Internal to mailbox/.
#pragma once

#include <cstdint>
#include <vector>

#include "mailbox/file.h"
#include "mailbox/operation.h"
#include "mailbox/view.h"
#include "store/batch.h"

namespace heliopost::mailbox {

// How the counters change.
struct Counts {
    std::int64_t messages = 0;
    std::int64_t unseen = 0;
    std::int64_t deleted = 0;
    std::int64_t octets = 0;

    void add(const Row& row) { change(row, 1); }
    void subtract(const Row& row) { change(row, -1); }
    bool operator==(const Counts&) const = default;

private:
    void change(const Row& row, std::int64_t sign) {
        messages += sign;
        if (!row.has(imap::SystemFlag::seen)) unseen += sign;
        if (row.has(imap::SystemFlag::deleted)) deleted += sign;
        octets += sign * static_cast<std::int64_t>(row.octets);
    }
};

void change_counts(store::Batch& batch, MailboxId mailbox, const Counts& counts);
void change_quota(store::Batch& batch, const Counts& counts, Quota quota);

// The operation, and the mailbox's HIGHESTMODSEQ with it.
void put_rows(store::Batch& batch, MailboxId mailbox, const NewRows& rows);
void put_operation(store::Batch& batch, MailboxId mailbox, std::string operation);

// What stands in the change log under ChangeKind::membership: one octet, then which emails.
inline constexpr std::uint8_t ids_created = 1;  // first email u64, count u32: new emails
inline constexpr std::uint8_t ids_flags = 2;    // emails as varints, ascending, differences
inline constexpr std::uint8_t ids_added = 3;    // the same: emails that were elsewhere before
inline constexpr std::uint8_t ids_removed = 4;  // the same: out of this mailbox
void log_emails(store::Batch& batch, MailboxId mailbox, std::uint8_t what, std::vector<EmailId> emails);

}  // namespace heliopost::mailbox
