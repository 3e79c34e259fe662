// COPY in one commit (RFC 9051 §6.4.7), MOVE in slices (RFC 6851 §3.3 allows it to stop in between).
#include "mailbox/arrive.h"
#include "mailbox/changes.h"
#include "mailbox/core.h"
#include "mailbox/leave.h"
#include "mailbox/row_walk.h"

namespace heliopost::mailbox {
namespace {

// About what store::batch_octets_max holds, told before any of it is built.
constexpr std::size_t copy_rows_max = 100'000;

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

}  // namespace

net::Task<Result<Copied>> copy(Core* core, MailboxId from, imap::UidSet uids, MailboxId to, Quota quota) {
    Copied copied{CO_TRY(co_await validity_of(core, to)), {}, {}};
    const LoadedPtr loaded = CO_TRY(co_await newest_view(core, from));
    Arriving arriving{.from = from,
                      .to = to,
                      .rows = {},
                      .memberships = {},
                      .keywords = loaded->view->keywords(),
                      .quota = quota};
    RowWalk walk(*loaded->view, uids.ranges());
    while (const Row* row = walk.next()) {
        if (arriving.rows.size() == copy_rows_max)
            co_return fail(Fault::too_large, "too many messages at once");
        arriving.rows.push_back(*row);
    }
    if (arriving.rows.empty()) co_return copied;
    const std::vector<Uid> sources = uids_of(arriving.rows);
    arriving.memberships = CO_TRY(co_await memberships_of(core, from, arriving.rows));
    store::Batch batch(core->partition());
    const store::Slot first = CO_TRY(co_await arrive(core, &batch, std::move(arriving)));
    const store::Committed committed = CO_TRY(co_await core->store.commit(std::move(batch)));
    record_pairs(copied, sources, committed.parts[0].of(first));
    co_return copied;
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
