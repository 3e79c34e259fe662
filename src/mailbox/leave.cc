#include "mailbox/leave.h"

#include "base/assert.h"
#include "base/planted.h"
#include "mailbox/changes.h"
#include "mailbox/keys.h"
#include "mailbox/mailbox.pb.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;

// One value for each email's key, read in bounded pieces.
template <class MakeKey>
net::Task<Result<std::vector<std::optional<std::string>>>> read_all(Core* core, const std::vector<Row>* rows,
                                                                    MakeKey make_key) {
    std::vector<std::optional<std::string>> values;
    values.reserve(rows->size());
    for (std::size_t at = 0; at < rows->size(); at += keys_a_read) {
        std::vector<std::string> keys;
        for (std::size_t i = at; i < rows->size() && i < at + keys_a_read; ++i)
            keys.push_back(make_key((*rows)[i].email));
        auto some = CO_TRY(co_await core->store.multi_get(core->partition(), std::move(keys)));
        std::ranges::move(some, std::back_inserter(values));
    }
    co_return values;
}

// Whether the email is in a mailbox other than this one.
net::Task<Result<bool>> is_elsewhere(Core* core, EmailId email, MailboxId mailbox) {
    const std::string low = key::of(Kind::membership, email);
    const auto rows = CO_TRY(co_await core->store.scan(core->partition(), low, store::after_prefix(low), 2,
                                                       store::Direction::forward));
    for (const auto& [key, value] : rows)
        if (key != key::membership(email, mailbox)) co_return true;
    co_return false;
}

void release(store::Batch* batch, EmailId email, const Membership& membership, bool shared) {
    for (unsigned piece = 0; piece < membership.pieces; ++piece)
        batch->erase(key::email(email, static_cast<std::uint8_t>(piece)));
    batch->erase(key::of(Kind::verdicts, email));
    if (!planted("blob never let go")) batch->release(membership.blob, email.value);
    if (shared) batch->erase(key::of(Kind::shared, email));
}

}  // namespace

net::Task<Result<std::vector<Membership>>> memberships_of(Core* core, MailboxId mailbox,
                                                          std::vector<Row> rows) {
    const auto values = CO_TRY(
        co_await read_all(core, &rows, [mailbox](EmailId email) { return key::membership(email, mailbox); }));
    std::vector<Membership> out;
    out.reserve(values.size());
    for (const auto& value : values) {
        if (!value) co_return fail(Fault::internal, "a message of this mailbox has no record");
        out.push_back(CO_TRY(decode_membership(*value)));
    }
    co_return out;
}

net::Task<Result<void>> leave(Core* core, store::Batch* batch, Leaving leaving) {
    ASSERT(leaving.rows.size() == leaving.memberships.size());
    ASSERT(!leaving.rows.empty());
    std::vector<std::optional<std::string>> shared;
    if (leaving.emails == Emails::released)
        shared = CO_TRY(
            co_await read_all(core, &leaving.rows, [](EmailId id) { return key::of(Kind::shared, id); }));
    Counts counts;
    std::vector<EmailId> emails;
    emails.reserve(leaving.rows.size());
    for (std::size_t i = 0; i < leaving.rows.size(); ++i) {
        const Row& row = leaving.rows[i];
        counts.subtract(row);
        emails.push_back(row.email);
        batch->erase(key::membership(row.email, leaving.mailbox));
        if (leaving.emails == Emails::kept) continue;
        const bool elsewhere = shared[i] && CO_TRY(co_await is_elsewhere(core, row.email, leaving.mailbox));
        if (!elsewhere) release(batch, row.email, leaving.memberships[i], shared[i].has_value());
    }
    record::Expunged expunged;
    expunged.set_at(core->now_ms());
    pack(leaving.uids, expunged.mutable_uids());
    batch->put(store::Tuple(key::of(Kind::expunged, leaving.mailbox)).slot(batch->mod_sequence()),
               store::Tuple(expunged.SerializeAsString()));
    put_operation(*batch, leaving.mailbox, encode(ExpungeRows{std::move(leaving.uids)}));
    change_counts(*batch, leaving.mailbox, counts);
    if (!planted("quota not given back")) change_quota(*batch, counts, Quota{});
    log_emails(*batch, leaving.mailbox, ids_removed, std::move(emails));
    co_return Result<void>();
}

}  // namespace heliopost::mailbox
