#include "mailbox/renew.h"

#include <algorithm>
#include <chrono>

#include "mailbox/base_record.h"
#include "mailbox/keys.h"
#include "mailbox/mailbox.h"

namespace heliopost::mailbox {
namespace {

using store::Tuple;

// How many ids and mailboxes an account may have been given since the backup, at most: more than it can make
// in years. Mailboxes made at once get UIDVALIDITYs ahead of the clock.
constexpr std::int64_t emails_since_max = std::int64_t{1} << 32;
constexpr std::int64_t mailboxes_since_max = 1'000'000;
constexpr std::size_t mailboxes_a_commit = 1'000;

}  // namespace

net::Task<Result<void>> renew(store::Store* store, AccountId account, Time now) {
    const store::PartitionId partition = store::account_partition(account);
    const std::string last_key = key::of(key::Kind::last_uid_validity);
    auto last = CO_TRY(co_await store->get(partition, last_key));
    if (!last) co_return Result<void>();  // no mailboxes: there is nothing to mistake
    const std::uint64_t given = CO_TRY(store::TupleReader(*last).u32());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    std::uint64_t next =
        std::max(given + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 1))) + mailboxes_max;
    std::string low = key::of(key::Kind::mailbox);
    const std::string high = store::after_prefix(low);
    bool first = true;
    for (bool more = true; more;) {
        const auto page =
            CO_TRY(co_await store->scan(partition, low, high, mailboxes_a_commit, store::Direction::forward));
        store::Batch batch(partition);
        if (std::exchange(first, false)) {
            batch.add(key::of(key::Counter::email_id), emails_since_max);
            batch.add(key::of(key::Counter::mailbox_id), mailboxes_since_max);
        }
        for (const auto& [row, value] : page) {
            const MailboxId id(CO_TRY(store::TupleReader(std::string_view(row).substr(1)).u32()));
            Mailbox mailbox = CO_TRY(decode_mailbox(id, value));
            mailbox.uid_validity =
                UidValidity(static_cast<std::uint32_t>(std::min<std::uint64_t>(next++, UINT32_MAX)));
            batch.put(row, Tuple(encode_mailbox(mailbox)));
            batch.put(key::of(key::Kind::highest, id), Tuple().slot(batch.mod_sequence()));
            batch.log(store::ChangeKind::mailbox, 0, Tuple().u32(id.value));
        }
        const auto top = static_cast<std::uint32_t>(std::min<std::uint64_t>(next - 1, UINT32_MAX));
        batch.assert_equal(last_key, last);
        batch.put(last_key, Tuple().u32(top));
        CO_TRY(co_await store->commit(std::move(batch)));
        last = std::string(Tuple().u32(top));
        more = page.size() == mailboxes_a_commit;
        if (more) low = page.back().first + '\0';
    }
    co_return Result<void>();
}

}  // namespace heliopost::mailbox
