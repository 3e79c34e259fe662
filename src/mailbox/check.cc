#include "mailbox/check.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/base64.h"
#include "mailbox/base_record.h"
#include "mailbox/broken_record.h"
#include "mailbox/changes.h"
#include "mailbox/email_record.h"
#include "mailbox/keys.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/rows_record.h"
#include "mailbox/verdicts.h"
#include "mailbox/view_builder.h"
#include "store/keys.h"  // where a blob keeps its references: only fsck looks behind the store's interface

namespace heliopost::mailbox {
namespace {

using key::Counter;
using key::Kind;
using store::Harm;
using store::Problem;

class Checking {
public:
    Checking(store::Store* store, AccountId account, store::DamagedBlobs* damaged, store::Mending mending)
        : store_(store),
          partition_(store::account_partition(account)),
          damaged_(damaged),
          mending_(mending == store::Mending::yes) {}

    net::Task<Result<std::vector<Problem>>> run() {
        CO_TRY(co_await scan(Kind::mailbox, &Checking::take_mailbox));
        CO_TRY(co_await check_listing());
        // What these hold is counted as any other's until it is erased; only their names are free.
        CO_TRY(co_await scan(Kind::removed, &Checking::take_mailbox));
        std::ranges::sort(mailboxes_, {}, &Mailbox::id);
        for (const Mailbox& mailbox : mailboxes_) CO_TRY(co_await check_mailbox(&mailbox));
        std::ranges::sort(rows_);
        CO_TRY(co_await check_memberships());
        CO_TRY(co_await check_emails());
        CO_TRY(co_await check_counter(key::of(Counter::account_octets),
                                      static_cast<std::uint64_t>(total_.octets), "octets"));
        CO_TRY(co_await check_counter(key::of(Counter::account_messages),
                                      static_cast<std::uint64_t>(total_.messages), "messages"));
        CO_TRY(co_await check_orphans());
        co_return std::move(problems_);
    }

private:
    struct Place {
        EmailId email;
        MailboxId mailbox;
        Uid uid;
        auto operator<=>(const Place&) const = default;
    };
    struct Held {  // an Email as the index says it is
        EmailId email;
        std::uint8_t pieces;
        store::BlobId blob;
    };

    void problem(Harm harm, std::string where, std::string what, bool mended = false) {
        if (problems_.size() < problems_max)
            problems_.push_back({harm, std::move(where), std::move(what), mended});
        if (problems_.size() == problems_max) problems_.back() = {Harm::lost, "", "there are more problems"};
    }

    std::string name_of(MailboxId id) const {
        const auto it = std::ranges::lower_bound(mailboxes_, id, {}, &Mailbox::id);
        const bool known = it != mailboxes_.end() && it->id == id;
        return "mailbox " + (known ? it->name : std::to_string(id.value));
    }

    // Where its readers see it; only for them is it lost.
    std::string where_of(EmailId email) const {
        const auto it = std::ranges::lower_bound(rows_, email, {}, &Place::email);
        if (it == rows_.end() || it->email != email) return "email " + std::to_string(email.value);
        return name_of(it->mailbox) + ", message " + std::to_string(it->uid.value);
    }

    using Take = Result<> (Checking::*)(std::string_view key, const std::string& value);
    net::Task<Result<void>> scan(Kind kind, Take take) { return scan_prefix(key::of(kind), take); }

    // A record that does not decode is a problem, not an end.
    net::Task<Result<void>> scan_prefix(std::string prefix, Take take) {
        const std::string high = store::after_prefix(prefix);
        std::string low = prefix;
        for (bool more = true; more;) {
            const auto page =
                CO_TRY(co_await store_->scan(partition_, low, high, rows_a_page, store::Direction::forward));
            for (const auto& [key, value] : page) {
                const Result<> taken = (this->*take)(key, value);
                if (!taken) problem(Harm::lost, where_, taken.error().text);
            }
            more = page.size() == rows_a_page;
            if (more) low = page.back().first + '\0';
        }
        co_return Result<void>();
    }

    Result<> take_mailbox(std::string_view key, const std::string& value) {
        const MailboxId id(TRY(store::TupleReader(key.substr(1)).u32()));
        mailboxes_.push_back(TRY(decode_mailbox(id, value)));
        return {};
    }

    // The mailboxes that a delivery names without reading, and what no two may share.
    net::Task<Result<void>> check_listing() {
        for (const MailboxId id : {inbox, drafts, sent, junk, trash, archive})
            if (std::ranges::find(mailboxes_, id, &Mailbox::id) == mailboxes_.end())
                problem(Harm::lost, name_of(id), "its record is missing, and every account has it");
        std::set<std::string_view> names;
        const auto last = CO_TRY(co_await store_->get(partition_, key::of(Kind::last_uid_validity)));
        std::uint32_t last_validity = 0;
        if (last) last_validity = store::TupleReader(*last).u32().value_or(0);
        const auto last_id = CO_TRY(co_await store_->counter(partition_, key::of(Counter::mailbox_id)));
        for (const Mailbox& mailbox : mailboxes_) {
            if (!names.insert(mailbox.name).second)
                problem(Harm::wrong, name_of(mailbox.id), "two mailboxes have this name");
            if (mailbox.uid_validity.value == 0 || mailbox.uid_validity.value > last_validity)
                problem(Harm::wrong, name_of(mailbox.id), "a UIDVALIDITY that was never given out");
            if (mailbox.id.value > last_id)
                problem(Harm::wrong, name_of(mailbox.id), "an id that was never given out");
        }
        co_return Result<void>();
    }

    Result<> take_chunk(std::string_view key, const std::string& value) {
        const Uid first(TRY(store::TupleReader(key.substr(5)).u32()));
        DecodedChunk decoded = TRY(decode_chunk(value));
        return builder_->add_chunk(first, std::move(decoded.chunk), decoded.as_of);
    }

    Result<> take_operation(std::string_view key, const std::string& value) {
        const Operation operation = TRY(decode_operation(key, value));
        last_operation_ = std::max(last_operation_, operation.at);
        if (operation.at <= base_.mod_sequence) return fail(Fault::internal, "an operation below the base");
        return builder_->apply(operation);
    }

    Result<> take_expunged(std::string_view, const std::string& value) {
        record::Expunged expunged;
        if (!expunged.ParseFromString(value)) return broken_record("expunges");
        TRY(unpack(expunged.uids()));
        return {};
    }

    net::Task<Result<void>> check_mailbox(const Mailbox* mailbox) {
        const MailboxId id = mailbox->id;
        where_ = name_of(id);
        known_mailboxes_.insert(id);
        auto base = decode_base(CO_TRY(co_await store_->get(partition_, key::of(Kind::base, id))));
        if (!base) problem(Harm::lost, where_, base.error().text);
        base_ = base ? *base : Base{};
        last_operation_ = base_.mod_sequence;
        const auto highest_row = CO_TRY(co_await store_->get(partition_, key::of(Kind::highest, id)));
        ModSequence highest;
        if (highest_row) highest = ModSequence(store::read_u64(*highest_row));
        if (highest.value == 0) problem(Harm::wrong, where_, "no HIGHESTMODSEQ");
        const auto last =
            CO_TRY(co_await store_->counter(partition_, std::string(store::mod_sequence_counter)));
        if (highest.value > last) problem(Harm::wrong, where_, "HIGHESTMODSEQ is above the account's");

        ViewBuilder builder(*mailbox, base_.uid_next, base_.keywords, ModSequence());
        builder_ = &builder;
        CO_TRY(co_await scan_prefix(key::of(Kind::chunk, id), &Checking::take_chunk));
        CO_TRY(co_await scan_prefix(key::of(Kind::operation, id), &Checking::take_operation));
        CO_TRY(co_await scan_prefix(key::of(Kind::expunged, id), &Checking::take_expunged));
        if (last_operation_ > highest) problem(Harm::wrong, where_, "HIGHESTMODSEQ is below an operation's");
        const auto view = builder.finish();
        builder_ = nullptr;
        Counts counts;
        for (const auto& chunk : view->chunks()) {
            for (const Row& row : chunk->rows) {
                counts.add(row);
                rows_.push_back({row.email, id, row.uid});
            }
        }
        CO_TRY(co_await check_counters(id, counts, view->status().uid_next));
        total_.messages += counts.messages;
        total_.octets += counts.octets;
        where_.clear();
        co_return Result<void>();
    }

    net::Task<Result<void>> check_counters(MailboxId id, Counts counts, Uid uid_next) {
        const auto number = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
        CO_TRY(co_await check_counter(key::of(Counter::messages, id), number(counts.messages), "messages"));
        CO_TRY(co_await check_counter(key::of(Counter::unseen, id), number(counts.unseen), "unseen"));
        CO_TRY(co_await check_counter(key::of(Counter::deleted, id), number(counts.deleted), "deleted"));
        CO_TRY(co_await check_counter(key::of(Counter::octets, id), number(counts.octets), "octets"));
        const auto uid = CO_TRY(co_await store_->counter(partition_, key::of(Counter::uid, id)));
        if (uid + 1 < uid_next.value) problem(Harm::wrong, where_, "a UID above the counter of UIDs");
        co_return Result<void>();
    }

    net::Task<Result<void>> check_counter(std::string name, std::uint64_t counted, std::string what) {
        const auto said = CO_TRY(co_await store_->counter(partition_, name));
        if (said == counted) co_return Result<void>();
        store::Batch batch(partition_);
        batch.add(name, static_cast<std::int64_t>(counted - said));
        const bool mended = co_await mend(std::move(batch));
        problem(Harm::wrong, where_,
                "the counter of " + what + " says " + std::to_string(said) + ", there are " +
                    std::to_string(counted),
                mended);
        co_return Result<void>();
    }

    // What cannot be committed stays a problem.
    net::Task<bool> mend(store::Batch batch) {
        if (!mending_) co_return false;
        const auto committed = co_await store_->commit(std::move(batch));
        co_return committed.has_value();
    }

    Result<> take_membership(std::string_view key, const std::string& value) {
        store::TupleReader parts(key.substr(1));
        const EmailId email(TRY(parts.u64()));
        const MailboxId mailbox(TRY(parts.u32()));
        const Membership membership = TRY(decode_membership(value));
        const Place place{email, mailbox, membership.uid};
        // Both are in order: what is in only one of them shows at once.
        for (; next_row_ < rows_.size() && rows_[next_row_] < place; ++next_row_) missing(rows_[next_row_]);
        if (next_row_ < rows_.size() && rows_[next_row_] == place) {
            ++next_row_;
        } else {
            problem(Harm::wrong, "email " + std::to_string(email.value),
                    "listed in " + name_of(mailbox) + ", which does not hold it");
        }
        if (emails_.empty() || emails_.back().email != email) {
            emails_.push_back({email, membership.pieces, membership.blob});
        } else if (emails_.back().blob != membership.blob || emails_.back().pieces != membership.pieces) {
            problem(Harm::wrong, where_of(email), "its mailboxes disagree about its blob");
        } else {
            shared_.push_back(email);
        }
        return {};
    }

    void missing(const Place& place) {
        problem(Harm::lost, name_of(place.mailbox) + ", message " + std::to_string(place.uid.value),
                "its email " + std::to_string(place.email.value) + " is not indexed");
    }

    net::Task<Result<void>> check_memberships() {
        CO_TRY(co_await scan(Kind::membership, &Checking::take_membership));
        for (; next_row_ < rows_.size(); ++next_row_) missing(rows_[next_row_]);
        for (const EmailId email : shared_) {
            const auto marker = CO_TRY(co_await store_->get(partition_, key::of(Kind::shared, email)));
            if (!marker) problem(Harm::wrong, where_of(email), "in two mailboxes, but not marked so");
        }
        co_return Result<void>();
    }

    net::Task<Result<void>> check_emails() {
        const auto last = CO_TRY(co_await store_->counter(partition_, key::of(Counter::email_id)));
        for (std::size_t i = 0; i < emails_.size(); ++i) CO_TRY(co_await check_email(i));
        if (!emails_.empty() && emails_.back().email.value > last)
            problem(Harm::wrong, where_of(emails_.back().email), "an email above the counter of emails");
        co_return Result<void>();
    }

    net::Task<Result<void>> check_email(std::size_t index) {
        const Held held = emails_[index];
        const auto where = [&] { return where_of(held.email); };
        std::string octets;
        for (unsigned piece = 0; piece < held.pieces; ++piece) {
            const auto value = CO_TRY(
                co_await store_->get(partition_, key::email(held.email, static_cast<std::uint8_t>(piece))));
            if (!value) {
                problem(Harm::lost, where(), "its record is missing");
                co_return Result<void>();
            }
            octets += *value;
        }
        const auto email = decode_email(held.email, octets);
        if (!email) {
            problem(Harm::lost, where(), email.error().text);
        } else if ((*email)->blob.id != held.blob) {
            problem(Harm::lost, where(), "its record names another blob");
        }
        const std::string holder = store::Tuple().u64(held.email.value);
        const auto reference = CO_TRY(co_await store_->get(
            store::blobs_partition, store::reference_key(held.blob, partition_, holder)));
        if (!reference) {
            store::Batch batch(partition_);
            batch.reference(held.blob, store::Tuple().u64(held.email.value));
            const bool mended = co_await mend(std::move(batch));
            problem(Harm::wrong, where(), "its blob does not know of it and may be swept", mended);
        }
        if (damaged_ != nullptr && damaged_->contains(held.blob)) {
            store::Damage& damage = damaged_->at(held.blob);
            damage.told = true;
            problem(Harm::lost, where(), "its blob " + to_hex(held.blob.view()) + ": " + damage.what);
            co_return Result<void>();
        }
        const auto manifest =
            CO_TRY(co_await store_->get(store::blobs_partition, store::manifest_key(held.blob)));
        if (!manifest) problem(Harm::lost, where(), "its blob " + to_hex(held.blob.view()) + ": is missing");
        co_return Result<void>();
    }

    Result<> take_email(std::string_view key, const std::string&) {
        store::TupleReader parts(key.substr(1));
        const EmailId email(TRY(parts.u64()));
        const std::uint8_t piece = TRY(parts.u8());
        while (next_email_ < emails_.size() && emails_[next_email_].email < email) ++next_email_;
        const bool held = next_email_ < emails_.size() && emails_[next_email_].email == email;
        if (!held || piece >= emails_[next_email_].pieces)
            problem(Harm::room, "email " + std::to_string(email.value), "a record that no mailbox holds");
        return {};
    }

    Result<> take_verdicts(std::string_view key, const std::string& value) {
        const EmailId email(TRY(store::TupleReader(key.substr(1)).u64()));
        if (!std::ranges::binary_search(emails_, email, {}, &Held::email))
            problem(Harm::room, "email " + std::to_string(email.value), "verdicts that no mailbox holds");
        TRY(decode_verdicts(value));
        return {};
    }

    Result<> take_of_mailbox(std::string_view key, const std::string&) {
        const MailboxId id(TRY(store::TupleReader(key.substr(1)).u32()));
        if (!known_mailboxes_.contains(id)) problem(Harm::wrong, name_of(id), "records, but no such mailbox");
        return {};
    }

    net::Task<Result<void>> check_orphans() {
        CO_TRY(co_await scan(Kind::email, &Checking::take_email));
        CO_TRY(co_await scan(Kind::verdicts, &Checking::take_verdicts));
        for (const Kind kind : {Kind::highest, Kind::base, Kind::chunk, Kind::operation, Kind::expunged})
            CO_TRY(co_await scan(kind, &Checking::take_of_mailbox));
        co_return Result<void>();
    }

    store::Store* store_;
    store::PartitionId partition_;
    store::DamagedBlobs* damaged_;
    const bool mending_;
    std::vector<Problem> problems_;
    std::string where_;
    std::vector<Mailbox> mailboxes_;
    std::set<MailboxId> known_mailboxes_;
    Base base_;
    ModSequence last_operation_;
    ViewBuilder* builder_ = nullptr;
    std::vector<Place> rows_;
    std::size_t next_row_ = 0;
    std::vector<Held> emails_;
    std::size_t next_email_ = 0;
    std::vector<EmailId> shared_;
    Counts total_;
};

}  // namespace

net::Task<Result<std::vector<Problem>>> check(store::Store* store, AccountId account,
                                              store::DamagedBlobs* damaged, store::Mending mending) {
    Checking checking(store, account, damaged, mending);
    co_return co_await checking.run();
}

net::Task<Result<bool>> keeps(store::Store* store, AccountId account, EmailId email, store::BlobId blob) {
    const std::string low = key::of(Kind::membership, email);
    const auto rows = CO_TRY(co_await store->scan(store::account_partition(account), low,
                                                  store::after_prefix(low), 1, store::Direction::forward));
    if (rows.empty()) co_return false;
    const auto membership = decode_membership(rows.front().second);
    co_return membership && membership->blob == blob;
}

}  // namespace heliopost::mailbox
