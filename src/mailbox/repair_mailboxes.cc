#include "mailbox/repair_mailboxes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/base64.h"
#include "mailbox/base_record.h"
#include "mailbox/core.h"
#include "mailbox/email_record.h"
#include "mailbox/keys.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/operation.h"
#include "mailbox/renew.h"
#include "mailbox/repair_rows.h"
#include "mailbox/rows_record.h"

namespace heliopost::mailbox {
namespace {

using key::Counter;
using key::Kind;
using store::Tuple;

constexpr std::size_t rows_a_commit = 1'000;
constexpr auto fixed_names =
    std::to_array<std::string_view>({"INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"});

bool is_named(MailboxId id) {
    return id.value >= 1 && id.value <= fixed_names.size();
}

}  // namespace

MailboxRepair::MailboxRepair(store::Store* store, net::World* world, AccountId account, const KeepRows* keep,
                             std::vector<store::Problem>* done)
    : store_(store),
      world_(world),
      account_(account),
      partition_(store::account_partition(account)),
      keep_(keep),
      done_(done) {}

net::Task<Result<void>> MailboxRepair::run() {
    CO_TRY(co_await read_all());
    CO_TRY(co_await take_out());
    CO_TRY(co_await mend_mailboxes());
    CO_TRY(co_await forget_traces());
    CO_TRY(co_await mend_bases());
    CO_TRY(co_await mend_numbers());
    CO_TRY(co_await finish_removals());
    if (gave_more_) {
        CO_TRY(co_await renew(store_, account_, world_->now()));
        tell("", "numbers were given out that no counter knows: every mailbox has a greater UIDVALIDITY");
    }
    co_return Result<void>();
}

void MailboxRepair::tell(std::string where, std::string what) {
    done_->push_back({store::Harm::wrong, std::move(where), std::move(what), true});
}

net::Task<Result<void>> MailboxRepair::read_all() {
    std::string low;
    for (bool more = true; more;) {
        const auto page =
            CO_TRY(co_await store_->scan(partition_, low, "", rows_a_page, store::Direction::forward));
        for (const auto& [key, value] : page) read(key, value);
        more = page.size() == rows_a_page;
        if (more) low = page.back().first + '\0';
    }
    co_return Result<void>();
}

void MailboxRepair::read(const std::string& key, const std::string& value) {
    if (auto reason = unreadable(key, value)) {
        store::TupleReader parts(key);
        const auto kind = parts.u8();
        const auto id = parts.u32();
        if (kind == static_cast<std::uint8_t>(Kind::base) && id && parts.done())
            bad_bases_.insert(MailboxId(*id));
        bad_.push_back({key, value, std::move(*reason)});
        return;
    }
    store::TupleReader parts(std::string_view(key).substr(1));
    switch (Kind{static_cast<std::uint8_t>(key.front())}) {
        case Kind::email:
            largest_email_ = std::max(largest_email_, parts.u64().value_or(0));
            return;
        case Kind::membership: {
            largest_email_ = std::max(largest_email_, parts.u64().value_or(0));
            Seen& seen = seen_[MailboxId(parts.u32().value_or(0))];
            if (const auto membership = decode_membership(value))
                seen.largest_uid = std::max<std::uint64_t>(seen.largest_uid, membership->uid.value);
            return;
        }
        case Kind::shared:
        case Kind::verdicts:
        case Kind::lost_subscription:
            return;
        case Kind::last_uid_validity:
            largest_validity_ = std::max(largest_validity_, store::TupleReader(value).u32().value_or(0));
            return;
        default:
            return read_of_mailbox(key, value);
    }
}

void MailboxRepair::read_of_mailbox(const std::string& key, const std::string& value) {
    const MailboxId id(store::TupleReader(std::string_view(key).substr(1)).u32().value_or(0));
    Seen& seen = seen_[id];
    const auto take = [&](std::uint64_t uid) { seen.largest_uid = std::max(seen.largest_uid, uid); };
    const auto take_rows = [&](const std::vector<Row>& rows) {
        seen.holds = true;
        for (const Row& row : rows) {
            take(row.uid.value);
            largest_email_ = std::max(largest_email_, row.email.value);
        }
    };
    switch (Kind{static_cast<std::uint8_t>(key.front())}) {
        case Kind::mailbox:
            if (auto mailbox = decode_mailbox(id, value)) mailboxes_.emplace(id, std::move(*mailbox));
            return;
        case Kind::removed:
            if (auto mailbox = decode_mailbox(id, value))
                if (mailboxes_.emplace(id, std::move(*mailbox)).second) removed_.insert(id);
            return;
        case Kind::highest:
            with_highest_.insert(id);
            return;
        case Kind::base:
            if (const auto base = decode_base(value)) take(std::max(base->uid_next.value, 1U) - 1);
            return;
        case Kind::chunk:
            if (const auto decoded = decode_chunk(value)) {
                take_rows(decoded->chunk->rows);
                for (const Row& row : decoded->chunk->rows) seen.keywords |= row.flags >> keyword_bit;
            }
            return;
        case Kind::operation:
            if (const auto operation = decode_operation(key, value)) {
                seen.holds = true;
                if (const auto* append = std::get_if<AppendRows>(&operation->what)) take_rows(append->rows);
            }
            return;
        case Kind::expunged: {
            record::Expunged expunged;
            if (!expunged.ParseFromString(value)) return;
            if (const auto uids = unpack(expunged.uids()))
                for (const auto& range : *uids)
                    take(range.first);  // the end may run over what was never given
            return;
        }
        default:
            return;
    }
}

// First into the file, then out of the store.
net::Task<Result<void>> MailboxRepair::take_out() {
    std::vector<TakenOut> rows = std::exchange(bad_, {});
    if (rows.empty()) co_return Result<void>();
    CO_TRY((*keep_)(rows));
    for (std::size_t at = 0; at < rows.size(); at += rows_a_commit) {
        store::Batch batch(partition_);
        for (std::size_t i = at; i < std::min(rows.size(), at + rows_a_commit); ++i) {
            batch.erase(rows[i].key);
            tell("row " + to_hex(rows[i].key), rows[i].reason + ": taken out");
        }
        CO_TRY(co_await store_->commit(std::move(batch)));
    }
    co_return Result<void>();
}

std::string MailboxRepair::name_for(MailboxId id) const {
    const auto is_free = [&](std::string_view name) {
        return std::ranges::none_of(mailboxes_, [&](const auto& one) { return one.second.name == name; });
    };
    if (is_named(id) && is_free(fixed_names[id.value - 1])) return std::string(fixed_names[id.value - 1]);
    std::string name = std::string(lost_and_found) + "/mailbox " + std::to_string(id.value);
    while (!is_free(name)) name += '+';
    return name;
}

void MailboxRepair::put_mailbox(store::Batch* batch, Mailbox mailbox) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(world_->now().time_since_epoch()).count();
    const auto now = static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, UINT32_MAX));
    largest_validity_ = std::max(largest_validity_ == UINT32_MAX ? UINT32_MAX : largest_validity_ + 1, now);
    mailbox.uid_validity = UidValidity(largest_validity_);
    batch->put(key::of(Kind::mailbox, mailbox.id), Tuple(encode_mailbox(mailbox)));
    batch->put(key::of(Kind::highest, mailbox.id), Tuple().slot(batch->mod_sequence()));
    batch->log(store::ChangeKind::mailbox, 0, Tuple().u32(mailbox.id.value));
    with_highest_.insert(mailbox.id);
    mailboxes_.insert_or_assign(mailbox.id, std::move(mailbox));
}

net::Task<Result<void>> MailboxRepair::mend_mailboxes() {
    const std::uint32_t given = largest_validity_;
    for (const auto& [id, mailbox] : mailboxes_)
        largest_validity_ = std::max(largest_validity_, mailbox.uid_validity.value);
    store::Batch batch(partition_);
    for (std::uint32_t id = 1; id <= fixed_names.size(); ++id) seen_.try_emplace(MailboxId(id));
    for (const auto& [id, seen] : seen_) {
        if (mailboxes_.contains(id) || (!seen.holds && !is_named(id))) continue;
        const std::string name = name_for(id);
        const bool named = is_named(id) && !name.starts_with(lost_and_found);
        put_mailbox(&batch,
                    {id, name, named ? Role{static_cast<std::uint8_t>(id.value)} : Role::none, true, {}});
        tell("mailbox " + name, "its record was gone: it has one again, with a new UIDVALIDITY");
    }
    std::set<std::string> names;
    for (const auto& [id, mailbox] : std::map(mailboxes_)) {
        if (removed_.contains(id) || names.insert(mailbox.name).second) continue;
        Mailbox other = mailbox;
        other.name = name_for(id);
        other.role = is_named(id) && !other.name.starts_with(lost_and_found) ? other.role : Role::none;
        names.insert(other.name);
        tell("mailbox " + mailbox.name, "two mailboxes had this name: one is now " + other.name);
        put_mailbox(&batch, std::move(other));
    }
    for (const auto& [id, mailbox] : mailboxes_) {
        if (with_highest_.contains(id)) continue;
        batch.put(key::of(Kind::highest, id), Tuple().slot(batch.mod_sequence()));
        tell("mailbox " + mailbox.name, "it had no HIGHESTMODSEQ: it has one again");
    }
    if (largest_validity_ != given)
        batch.put(key::of(Kind::last_uid_validity), Tuple().u32(largest_validity_));
    if (batch.puts().empty()) co_return Result<void>();
    const auto committed = co_await store_->commit(std::move(batch));
    if (!committed) co_return std::unexpected(committed.error());
    co_return Result<void>();
}

// Of a mailbox that is gone, without messages.
net::Task<Result<void>> MailboxRepair::forget_traces() {
    for (const auto& [id, seen] : seen_) {
        if (mailboxes_.contains(id)) continue;
        for (const Kind kind : {Kind::highest, Kind::base, Kind::expunged}) {
            const std::string low = key::of(kind, id);
            const auto rows = CO_TRY(co_await store_->scan(partition_, low, store::after_prefix(low),
                                                           rows_a_commit, store::Direction::forward));
            for (const auto& [key, value] : rows) bad_.push_back({key, value, "of a mailbox that is gone"});
        }
    }
    co_return co_await take_out();
}

// The names of keywords went with it.
net::Task<Result<void>> MailboxRepair::mend_bases() {
    for (const MailboxId id : bad_bases_) {
        const auto mailbox = mailboxes_.find(id);
        if (mailbox == mailboxes_.end()) continue;
        const Seen& seen = seen_[id];
        Base base;
        base.uid_next =
            Uid(static_cast<std::uint32_t>(std::min<std::uint64_t>(seen.largest_uid + 1, UINT32_MAX)));
        const auto bits = static_cast<std::size_t>(std::bit_width(seen.keywords));
        for (std::size_t bit = 0; bit < bits; ++bit)
            base.keywords.push_back("lost" + std::to_string(bit + 1));
        base.expunged_floor = ModSequence(
            CO_TRY(co_await store_->counter(partition_, std::string(store::mod_sequence_counter))));
        store::Batch batch(partition_);
        batch.put(key::of(Kind::base, id), Tuple(encode_base(base)));
        CO_TRY(co_await store_->commit(std::move(batch)));
        gave_more_ = true;  // what the log below it said is gone: clients load anew
        tell("mailbox " + mailbox->second.name,
             "what its chunks have in common was lost: keywords have new names");
    }
    co_return Result<void>();
}

// One that cannot be erased is there again, for its owner to see what is in it.
net::Task<Result<void>> MailboxRepair::finish_removals() {
    if (removed_.empty()) co_return Result<void>();
    ViewCache cache(0);
    Core core(*store_, *world_, cache, {}, account_);
    for (Result<bool> done = false; done && !*done;) done = co_await erase_removed_some(&core);
    store::Batch batch(partition_);
    for (const MailboxId id : removed_) {
        const std::string key = key::of(Kind::removed, id);
        if (!CO_TRY(co_await store_->get(partition_, key))) continue;
        Mailbox mailbox = mailboxes_.at(id);
        mailboxes_.erase(id);
        mailbox.name = name_for(id);
        mailbox.role = Role::none;
        tell("mailbox " + mailbox.name, "it was removed, and could not be erased: it is there again");
        batch.erase(key);
        put_mailbox(&batch, std::move(mailbox));
    }
    if (batch.puts().empty()) co_return Result<void>();
    batch.put(key::of(Kind::last_uid_validity), Tuple().u32(largest_validity_));
    CO_TRY(co_await store_->commit(std::move(batch)));
    co_return Result<void>();
}

net::Task<Result<void>> MailboxRepair::raise(std::string counter, std::uint64_t least, std::string where) {
    const std::uint64_t said = CO_TRY(co_await store_->counter(partition_, counter));
    if (said >= least) co_return Result<void>();
    store::Batch batch(partition_);
    batch.add(std::move(counter), static_cast<std::int64_t>(least - said));
    CO_TRY(co_await store_->commit(std::move(batch)));
    gave_more_ = true;
    tell(std::move(where), "a counter said " + std::to_string(said) + ", and " + std::to_string(least) +
                               " was given out: raised");
    co_return Result<void>();
}

net::Task<Result<void>> MailboxRepair::mend_numbers() {
    std::uint64_t largest_mailbox = 0;
    for (const auto& [id, mailbox] : mailboxes_) {
        largest_mailbox = std::max<std::uint64_t>(largest_mailbox, id.value);
        CO_TRY(co_await raise(key::of(Counter::uid, id), seen_[id].largest_uid, "mailbox " + mailbox.name));
    }
    CO_TRY(co_await raise(key::of(Counter::mailbox_id), largest_mailbox, "mailboxes"));
    co_return co_await raise(key::of(Counter::email_id), largest_email_, "emails");
}

}  // namespace heliopost::mailbox
