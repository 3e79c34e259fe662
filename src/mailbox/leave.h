// Leaving: messages that leave a mailbox, as the pieces of one commit. For EXPUNGE, MOVE and DELETE.
#pragma once

#include <span>
#include <vector>

#include "mailbox/core.h"
#include "mailbox/email_record.h"
#include "mailbox/ranges.h"

namespace heliopost::mailbox {

// What the store knows of rows' emails, in the order of the rows; a row without is Fault::internal.
net::Task<Result<std::vector<Membership>>> memberships_of(Core* core, MailboxId mailbox,
                                                          std::vector<Row> rows);

// Takes the rows, in order of UID, out of the mailbox. released: an email in no other mailbox goes with
// its blob's reference. kept: the caller has put it elsewhere in the same batch.
enum class Emails : std::uint8_t { released, kept };
struct Leaving {
    MailboxId mailbox;
    std::vector<Row> rows;
    std::vector<Membership> memberships;
    Ranges uids;  // joined over the rows of the View
    Emails emails = Emails::released;
};
net::Task<Result<void>> leave(Core* core, store::Batch* batch, Leaving leaving);

}  // namespace heliopost::mailbox
