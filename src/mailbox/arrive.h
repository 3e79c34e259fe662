// Arriving: messages of one mailbox that come into another, as the pieces of one commit. For COPY and MOVE.
#pragma once

#include <vector>

#include "mailbox/core.h"
#include "mailbox/email_record.h"

namespace heliopost::mailbox {

// An email is in a mailbox at most once: where it is there already, a new Email on the same blob comes.
struct Arriving {
    MailboxId from;
    MailboxId to;
    std::vector<Row> rows;  // in order of UID, of a View of `from`
    std::vector<Membership> memberships;
    std::vector<std::string> keywords;  // of that View
    bool moved = false;                 // they leave `from` in the same batch
    Quota quota;
};

// Gives the slot of the first UID; the i-th row gets that + i. Fails with Fault::too_large when the batch
// could not be committed, or the mailbox has too many messages or keywords.
net::Task<Result<store::Slot>> arrive(Core* core, store::Batch* batch, Arriving arriving);

}  // namespace heliopost::mailbox
