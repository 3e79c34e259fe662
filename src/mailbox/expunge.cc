// EXPUNGE in slices, and VANISHED: which UIDs went since.
#include "base/planted.h"
#include "mailbox/base_record.h"
#include "mailbox/broken_record.h"
#include "mailbox/changes.h"
#include "mailbox/keys.h"
#include "mailbox/leave.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/row_walk.h"

namespace heliopost::mailbox {

using key::Kind;

net::Task<Result<imap::UidSet>> expunge_rows(Core* core, LoadedPtr loaded, imap::UidSet uids,
                                             bool only_deleted) {
    const MailboxId mailbox = loaded->view->mailbox().id;
    imap::UidSet gone;
    RowWalk walk(*loaded->view, uids.ranges());
    for (const Row* row = walk.next(); row != nullptr;) {
        Leaving leaving{.mailbox = mailbox, .rows = {}, .memberships = {}, .uids = {}};
        RangeBuilder ranges;
        for (; row != nullptr && leaving.rows.size() < slice_rows; row = walk.next()) {
            if (walk.gap()) ranges.skip();
            if (only_deleted && !row->has(imap::SystemFlag::deleted)) {
                ranges.skip();
                continue;
            }
            ranges.take(row->uid);
            leaving.rows.push_back(*row);
        }
        if (leaving.rows.empty()) continue;
        imap::UidSet slice;
        for (const Row& one : leaving.rows) slice.add(one.uid);
        leaving.uids = ranges.ranges();
        leaving.memberships = CO_TRY(co_await memberships_of(core, mailbox, leaving.rows));
        store::Batch batch(core->partition());
        if (planted("uid reuse") && slice.contains(loaded->view->largest_uid()))
            batch.add(key::of(key::Counter::uid, mailbox), -1, std::nullopt);
        CO_TRY(co_await leave(core, &batch, std::move(leaving)));
        CO_TRY(co_await core->store.commit(std::move(batch)));
        gone = gone.unite(slice);
    }
    co_return gone;
}

net::Task<Result<imap::UidSet>> expunge(Core* core, MailboxId mailbox, imap::UidSet uids, bool only_deleted) {
    LoadedPtr loaded = CO_TRY(co_await newest_view(core, mailbox));
    imap::UidSet gone = CO_TRY(co_await expunge_rows(core, std::move(loaded), std::move(uids), only_deleted));
    if (!gone.empty()) CO_TRY(co_await newest_view(core, mailbox));
    co_return gone;
}

net::Task<Result<imap::UidSet>> vanished(Core* core, MailboxId mailbox, ModSequence above) {
    const LoadedPtr loaded = CO_TRY(co_await newest_view(core, mailbox));
    const Base base = CO_TRY(decode_base(loaded->base));
    if (above < base.expunged_floor) {  // forgotten: every UID that is not there may have gone since
        imap::UidSet present;
        for (const auto& chunk : loaded->view->chunks())
            for (const Row& row : chunk->rows) present.add(row.uid);
        const std::uint32_t uid_next = loaded->view->status().uid_next.value;
        if (uid_next <= 1) co_return imap::UidSet();
        co_return imap::UidSet({{1, uid_next - 1}}).subtract(present);
    }
    std::vector<imap::NumberRange> all;
    std::string low = key::at(Kind::expunged, mailbox, ModSequence(above.value + 1));
    const std::string high = store::after_prefix(key::of(Kind::expunged, mailbox));
    for (bool more = true; more;) {
        const auto page = CO_TRY(
            co_await core->store.scan(core->partition(), low, high, rows_a_page, store::Direction::forward));
        for (const auto& [key, value] : page) {
            record::Expunged expunged;
            if (!expunged.ParseFromString(value)) co_return broken_record("expunges");
            const Ranges some = CO_TRY(unpack(expunged.uids()));
            all.insert(all.end(), some.begin(), some.end());
        }
        more = page.size() == rows_a_page;
        if (more) low = page.back().first + '\0';
    }
    co_return imap::UidSet(std::move(all));
}

}  // namespace heliopost::mailbox
