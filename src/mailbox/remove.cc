// DELETE, RFC 9051 §6.3.5: first the mailbox goes out of everybody's sight, with one commit; then what it
// holds is erased in steps. A crash in between leaves it gone and the rest to whoever reads the account next.
#include <algorithm>

#include "base/text.h"
#include "mailbox/base_record.h"
#include "mailbox/keys.h"
#include "mailbox/mailboxes.h"
#include "mailbox/ranges.h"
#include "mailbox/row_walk.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;
using store::Tuple;

// A delivery names these without reading, so they are always there.
bool is_fixed(MailboxId id) {
    return id <= archive;
}

// Once it is empty: the mailbox's own rows.
net::Task<Result<void>> erase_rows(Core* core, MailboxId id) {
    store::Batch batch(core->partition());
    for (const Kind kind : {Kind::removed, Kind::highest, Kind::base}) batch.erase(key::of(kind, id));
    for (const Kind kind : {Kind::chunk, Kind::operation, Kind::expunged})
        batch.erase_range(key::of(kind, id), store::after_prefix(key::of(kind, id)));
    CO_TRY(co_await core->store.commit(std::move(batch)));
    co_return Result<void>();
}

// The UIDs of the first slice.
imap::UidSet first_slice(const View& view) {
    constexpr imap::NumberRange all{1, UINT32_MAX};
    RowWalk walk(view, {&all, 1});
    imap::UidSet uids;
    const Row* row = walk.next();
    for (std::size_t i = 0; row != nullptr && i < slice_rows; ++i, row = walk.next()) uids.add(row->uid);
    return uids;
}

}  // namespace

// Whoever appends asserts the mailbox's record, so that nothing comes in behind this commit.
net::Task<Result<void>> remove_mailbox(Core* core, std::string name) {
    name = CO_TRY(canonical_name(std::move(name)));
    const auto mailboxes = CO_TRY(co_await mailboxes_of(core));
    const Mailbox* mailbox = mailboxes->find(name);
    if (mailbox == nullptr) co_return fail(Fault::not_found, "no such mailbox");
    if (is_fixed(mailbox->id)) co_return fail(Fault::denied, "this mailbox is always there");
    Listing listing = mailboxes->listing;
    if (std::ranges::any_of(listing.mailboxes, [&](const Mailbox& m) { return is_child(m.name, name); }))
        co_return fail(Fault::denied, "this mailbox has others below it");

    store::Batch batch(core->partition());
    batch.erase(key::of(Kind::mailbox, mailbox->id));
    batch.put(key::of(Kind::removed, mailbox->id), Tuple(encode_mailbox(*mailbox)));
    if (mailbox->subscribed && listing.lost_subscriptions.size() < lost_subscriptions_max) {
        batch.put(lost_subscription_key(name), Tuple());
        listing.lost_subscriptions.push_back(name);
    }
    log_mailbox(batch, mailbox->id);
    CO_TRY(co_await core->store.commit(std::move(batch)));
    core->cache.erase(core->id, mailbox->id);
    std::erase_if(listing.mailboxes, [&](const Mailbox& m) { return m.id == mailbox->id; });
    std::vector<Mailbox> removed = mailboxes->removed;
    removed.push_back(*mailbox);
    adopt_removed(core, std::move(listing), std::move(removed));
    co_return Result<void>();
}

net::Task<Result<bool>> erase_removed_some(Core* core) {
    const auto mailboxes = CO_TRY(co_await mailboxes_of(core));
    if (mailboxes->removed.empty()) co_return true;
    LoadedPtr loaded = CO_TRY(co_await removed_view(core, mailboxes->removed.front()));
    if (loaded->view->size() > 0) {
        imap::UidSet slice = first_slice(*loaded->view);
        CO_TRY(co_await expunge_rows(core, std::move(loaded), std::move(slice), false));
        co_return false;
    }
    CO_TRY(co_await erase_rows(core, mailboxes->removed.front().id));
    std::vector<Mailbox> removed = mailboxes->removed;
    removed.erase(removed.begin());
    const bool done = removed.empty();
    adopt_removed(core, mailboxes->listing, std::move(removed));
    co_return done;
}

}  // namespace heliopost::mailbox
