#include "mailbox/file.h"

#include "base/assert.h"
#include "mailbox/changes.h"
#include "mailbox/email_record.h"
#include "mailbox/keys.h"
#include "mailbox/operation.h"
#include "mailbox/thread_id.h"

namespace heliopost::mailbox {

using store::Tuple;

Filed file(store::Batch& batch, MailboxId mailbox, const NewEmail& email, const imap::Flags& flags, Time now,
           Quota quota) {
    ASSERT(batch.partition().kind == store::PartitionId::Kind::account);
    const AccountId account(batch.partition().number);
    const Filed filed{batch.next(key::of(key::Counter::uid, mailbox)),
                      batch.next(key::of(key::Counter::email_id))};

    const auto pieces = encode_email(email, thread_of(account, email));
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        batch.put(Tuple(key::of(key::Kind::email)).slot(filed.email).u8(static_cast<std::uint8_t>(i)),
                  Tuple(pieces[i]));
    }
    batch.put(
        Tuple(key::of(key::Kind::membership)).slot(filed.email).u32(mailbox.value),
        Tuple().slot32(filed.uid).u8(static_cast<std::uint8_t>(pieces.size())).octets(email.blob.id.view()));
    batch.reference(email.blob.id, Tuple().slot(filed.email));
    if (!email.verdicts.empty())
        batch.put(Tuple(key::of(key::Kind::verdicts)).slot(filed.email), Tuple(email.verdicts));

    Row row;
    std::vector<std::string> keywords;
    row.flags = to_bits(flags, keywords);
    row.octets = email.prefix.size() + email.blob.octets;
    row.received = unix_milliseconds(email.received);
    row.saved = unix_milliseconds(now);
    put_rows(batch, mailbox,
             {.rows = {&row, 1}, .keywords = keywords, .first_uid = filed.uid, .first_email = filed.email});

    Counts counts;
    counts.add(row);
    change_counts(batch, mailbox, counts);
    change_quota(batch, counts, quota);
    batch.log(store::ChangeKind::membership, mailbox.value, Tuple().u8(ids_created).slot(filed.email).u32(1));
    return filed;
}

}  // namespace heliopost::mailbox
