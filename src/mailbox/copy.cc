// COPY in one commit where one holds it, else in slices that are taken back should one fail; MOVE in slices
// (RFC 6851 §3.3 allows it to stop in between).
#include <algorithm>

#include "base/planted.h"
#include "mailbox/arrive.h"
#include "mailbox/changes.h"
#include "mailbox/core.h"
#include "mailbox/keys.h"
#include "mailbox/leave.h"
#include "mailbox/row_walk.h"

namespace heliopost::mailbox {
namespace {

void record_pairs(Copied& copied, const std::vector<Uid>& from, std::uint64_t first_uid) {
    for (std::size_t i = 0; i < from.size(); ++i) {
        copied.from.push_back(from[i]);
        copied.to.push_back(Uid(static_cast<std::uint32_t>(first_uid + i)));
    }
}

std::vector<Uid> uids_of(const std::vector<Row>& rows) {
    std::vector<Uid> uids;
    uids.reserve(rows.size());
    for (const Row& row : rows) uids.push_back(row.uid);
    return uids;
}

net::Task<Result<UidValidity>> validity_of(Core* core, MailboxId mailbox) {
    const auto mailboxes = CO_TRY(co_await mailboxes_of(core));
    const Mailbox* found = mailboxes->find(mailbox);
    if (found == nullptr) co_return fail(Fault::not_found, "no such mailbox");
    co_return found->uid_validity;
}

// Deviates from RFC 9051 §6.4.7, which wants all or nothing, past what one commit holds (some 20,000 messages
// at least): others see the slices come, and if the process ends in between, those that came stay. Whatever
// fails otherwise is rolled back: the destination is as before, but for the UIDs that were used.
class Copying {
public:
    Copying(Core* core, MailboxId from, MailboxId to, Quota quota)
        : core_(core), from_(from), to_(to), quota_(quota), at_once_(core->options.copy_rows_max) {
        if (planted("half a COPY")) at_once_ = 1;
    }

    net::Task<Result<Copied>> run(imap::UidSet uids) {
        copied_.uid_validity = CO_TRY(co_await validity_of(core_, to_));
        loaded_ = CO_TRY(co_await newest_view(core_, from_));
        CO_TRY(co_await check_quota(uids));
        const Result<void> done = co_await copy_all(std::move(uids));
        if (done) co_return std::move(copied_);
        if (!copied_.to.empty() && !planted("half a COPY")) co_await roll_back();
        co_return std::unexpected(done.error());
    }

private:
    // Spares most roll-backs; each commit decides again.
    net::Task<Result<void>> check_quota(imap::UidSet uids) {
        if (quota_.mode != Quota::Mode::enforce || quota_.octets_max == 0) co_return Result<void>();
        std::uint64_t octets =
            CO_TRY(co_await core_->store.counter(core_->partition(), key::of(key::Counter::account_octets)));
        RowWalk walk(*loaded_->view, uids.ranges());
        while (const Row* row = walk.next()) octets += row->octets;
        if (octets > quota_.octets_max) co_return fail(Fault::over_quota, "the account is full");
        co_return Result<void>();
    }

    // What a message takes of a commit is known once it is there: where too much came together, half is
    // tried.
    net::Task<Result<void>> copy_all(imap::UidSet uids) {
        RowWalk walk(*loaded_->view, uids.ranges());
        std::vector<Row> rows;
        std::size_t done = 0;  // of rows
        for (;;) {
            if (done == rows.size()) {
                rows.clear();
                done = 0;
                while (rows.size() < at_once_) {
                    const Row* row = walk.next();
                    if (row == nullptr) break;
                    rows.push_back(*row);
                }
                if (rows.empty()) co_return Result<void>();
            }
            const std::size_t count = std::min(at_once_, rows.size() - done);
            const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(done);
            const Result<void> copied =
                co_await copy_slice({begin, begin + static_cast<std::ptrdiff_t>(count)});
            if (copied) {
                done += count;
                at_once_ = std::min(at_once_ + at_once_ / 4, core_->options.copy_rows_max);
            } else if (copied.error().fault == Fault::too_large && count > 1) {
                at_once_ = count / 2;
            } else {
                co_return copied;
            }
        }
    }

    net::Task<Result<void>> copy_slice(std::vector<Row> rows) {
        if (planted("half a COPY") && !copied_.to.empty() && !core_->store.has_space())
            co_return fail(Fault::temporary, "no space");
        const std::vector<Uid> sources = uids_of(rows);
        auto memberships = CO_TRY(co_await memberships_of(core_, from_, rows));
        Arriving arriving{.from = from_,
                          .to = to_,
                          .rows = std::move(rows),
                          .memberships = std::move(memberships),
                          .keywords = loaded_->view->keywords(),
                          .quota = quota_};
        store::Batch batch(core_->partition());
        const store::Slot first = CO_TRY(co_await arrive(core_, &batch, std::move(arriving)));
        const store::Committed committed = CO_TRY(co_await core_->store.commit(std::move(batch)));
        record_pairs(copied_, sources, committed.parts[0].of(first));
        co_return Result<void>();
    }

    net::Task<void> roll_back() {
        imap::UidSet uids;
        for (const Uid uid : copied_.to) uids.add(uid);
        const auto gone = co_await expunge(core_, to_, std::move(uids), false);
        if (!gone)
            core_->home.log().error("mailbox.copy_not_undone", {{"account", core_->id.value},
                                                                {"mailbox", to_.value},
                                                                {"messages", copied_.to.size()},
                                                                {"reason", gone.error().text}});
    }

    Core* core_;
    MailboxId from_, to_;
    Quota quota_;
    std::size_t at_once_;
    LoadedPtr loaded_;
    Copied copied_;
};

}  // namespace

net::Task<Result<Copied>> copy(Core* core, MailboxId from, imap::UidSet uids, MailboxId to, Quota quota) {
    Copying copying(core, from, to, quota);
    co_return co_await copying.run(std::move(uids));
}

net::Task<Result<Copied>> move(Core* core, MailboxId from, imap::UidSet uids, MailboxId to) {
    Copied copied{CO_TRY(co_await validity_of(core, to)), {}, {}};
    const LoadedPtr loaded = CO_TRY(co_await newest_view(core, from));
    RowWalk walk(*loaded->view, uids.ranges());
    for (const Row* row = walk.next(); row != nullptr;) {
        std::vector<Row> rows;
        RangeBuilder ranges;
        for (; row != nullptr && rows.size() < slice_rows; row = walk.next()) {
            if (walk.gap()) ranges.skip();
            ranges.take(row->uid);
            rows.push_back(*row);
        }
        const auto memberships = CO_TRY(co_await memberships_of(core, from, rows));
        const std::vector<Uid> sources = uids_of(rows);
        store::Batch batch(core->partition());
        Leaving leaving{.mailbox = from,
                        .rows = rows,
                        .memberships = memberships,
                        .uids = ranges.ranges(),
                        .emails = Emails::kept};
        CO_TRY(co_await leave(core, &batch, std::move(leaving)));
        Arriving arriving{.from = from,
                          .to = to,
                          .rows = std::move(rows),
                          .memberships = memberships,
                          .keywords = loaded->view->keywords(),
                          .moved = true,
                          .quota = {}};
        const store::Slot first = CO_TRY(co_await arrive(core, &batch, std::move(arriving)));
        const store::Committed committed = CO_TRY(co_await core->store.commit(std::move(batch)));
        record_pairs(copied, sources, committed.parts[0].of(first));
    }
    co_return copied;
}

}  // namespace heliopost::mailbox
