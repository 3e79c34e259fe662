#include "mailbox/check.h"

#include <algorithm>
#include <set>

#include "mailbox/base_record.h"
#include "mailbox/broken_record.h"
#include "mailbox/changes.h"
#include "mailbox/email_record.h"
#include "mailbox/keys.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/rows_record.h"
#include "mailbox/view_builder.h"
#include "store/keys.h"  // where a blob keeps its references: only fsck looks behind the store's interface

namespace heliopost::mailbox {
namespace {

using key::Counter;
using key::Kind;

class Checking {
public:
    Checking(store::Store* store, AccountId account)
        : store_(store), partition_(store::account_partition(account)) {}

    net::Task<Result<std::vector<std::string>>> run() {
        CO_TRY(co_await scan(Kind::mailbox, &Checking::take_mailbox));
        for (const Mailbox& mailbox : mailboxes_) CO_TRY(co_await check_mailbox(&mailbox));
        std::ranges::sort(rows_);
        CO_TRY(co_await check_memberships());
        CO_TRY(co_await check_emails());
        CO_TRY(co_await check_counter(key::of(Counter::account_octets),
                                      static_cast<std::uint64_t>(total_.octets), "the account's octets"));
        CO_TRY(co_await check_counter(key::of(Counter::account_messages),
                                      static_cast<std::uint64_t>(total_.messages), "the account's messages"));
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

    void problem(std::string text) {
        if (problems_.size() < problems_max) problems_.push_back(std::move(text));
        if (problems_.size() == problems_max) problems_.back() = "there are more problems";
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
                if (!taken) problem(where_ + taken.error().text);
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
        where_ = "mailbox " + std::to_string(id.value) + ": ";
        known_mailboxes_.insert(id);
        auto base = decode_base(CO_TRY(co_await store_->get(partition_, key::of(Kind::base, id))));
        if (!base) problem(where_ + base.error().text);
        base_ = base ? *base : Base{};
        last_operation_ = base_.mod_sequence;
        const auto highest_row = CO_TRY(co_await store_->get(partition_, key::of(Kind::highest, id)));
        ModSequence highest;
        if (highest_row) highest = ModSequence(store::read_u64(*highest_row));
        if (highest.value == 0) problem(where_ + "no HIGHESTMODSEQ");

        ViewBuilder builder(*mailbox, base_.uid_next, base_.keywords, ModSequence());
        builder_ = &builder;
        CO_TRY(co_await scan_prefix(key::of(Kind::chunk, id), &Checking::take_chunk));
        CO_TRY(co_await scan_prefix(key::of(Kind::operation, id), &Checking::take_operation));
        CO_TRY(co_await scan_prefix(key::of(Kind::expunged, id), &Checking::take_expunged));
        if (last_operation_ > highest) problem(where_ + "HIGHESTMODSEQ is below an operation's");
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
        CO_TRY(co_await check_counter(key::of(Counter::messages, id), number(counts.messages),
                                      where_ + "messages"));
        CO_TRY(
            co_await check_counter(key::of(Counter::unseen, id), number(counts.unseen), where_ + "unseen"));
        CO_TRY(co_await check_counter(key::of(Counter::deleted, id), number(counts.deleted),
                                      where_ + "deleted"));
        CO_TRY(
            co_await check_counter(key::of(Counter::octets, id), number(counts.octets), where_ + "octets"));
        const auto uid = CO_TRY(co_await store_->counter(partition_, key::of(Counter::uid, id)));
        if (uid + 1 < uid_next.value) problem(where_ + "a UID above the counter of UIDs");
        co_return Result<void>();
    }

    net::Task<Result<void>> check_counter(std::string name, std::uint64_t counted, std::string what) {
        const auto said = CO_TRY(co_await store_->counter(partition_, name));
        if (said != counted)
            problem(what + ": the counter says " + std::to_string(said) + ", counted " +
                    std::to_string(counted));
        co_return Result<void>();
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
            problem("email " + std::to_string(email.value) + ": listed in mailbox " +
                    std::to_string(mailbox.value) + ", which does not hold it");
        }
        if (emails_.empty() || emails_.back().email != email) {
            emails_.push_back({email, membership.pieces, membership.blob});
        } else if (emails_.back().blob != membership.blob || emails_.back().pieces != membership.pieces) {
            problem("email " + std::to_string(email.value) + ": its mailboxes disagree about its blob");
        } else {
            shared_.push_back(email);
        }
        return {};
    }

    void missing(const Place& place) {
        problem("mailbox " + std::to_string(place.mailbox.value) + ": message " +
                std::to_string(place.uid.value) + " is not in the index of email " +
                std::to_string(place.email.value));
    }

    net::Task<Result<void>> check_memberships() {
        CO_TRY(co_await scan(Kind::membership, &Checking::take_membership));
        for (; next_row_ < rows_.size(); ++next_row_) missing(rows_[next_row_]);
        for (const EmailId email : shared_) {
            const auto marker = CO_TRY(co_await store_->get(partition_, key::of(Kind::shared, email)));
            if (!marker)
                problem("email " + std::to_string(email.value) + ": in two mailboxes, but not marked so");
        }
        co_return Result<void>();
    }

    net::Task<Result<void>> check_emails() {
        const auto last = CO_TRY(co_await store_->counter(partition_, key::of(Counter::email_id)));
        for (std::size_t i = 0; i < emails_.size(); ++i) CO_TRY(co_await check_email(i));
        if (!emails_.empty() && emails_.back().email.value > last)
            problem("an email above the counter of emails");
        co_return Result<void>();
    }

    net::Task<Result<void>> check_email(std::size_t index) {
        const Held held = emails_[index];
        const std::string where = "email " + std::to_string(held.email.value) + ": ";
        std::string octets;
        for (unsigned piece = 0; piece < held.pieces; ++piece) {
            const auto value = CO_TRY(
                co_await store_->get(partition_, key::email(held.email, static_cast<std::uint8_t>(piece))));
            if (!value) {
                problem(where + "its record is missing");
                co_return Result<void>();
            }
            octets += *value;
        }
        const auto email = decode_email(held.email, octets);
        if (!email) {
            problem(where + email.error().text);
        } else if ((*email)->blob.id != held.blob) {
            problem(where + "its record names another blob");
        }
        const std::string holder = store::Tuple().u64(held.email.value);
        const auto reference = CO_TRY(co_await store_->get(
            store::blobs_partition, store::reference_key(held.blob, partition_, holder)));
        if (!reference) problem(where + "its blob does not know of it");
        const auto manifest =
            CO_TRY(co_await store_->get(store::blobs_partition, store::manifest_key(held.blob)));
        if (!manifest) problem(where + "its blob is missing");
        co_return Result<void>();
    }

    Result<> take_email(std::string_view key, const std::string&) {
        store::TupleReader parts(key.substr(1));
        const EmailId email(TRY(parts.u64()));
        const std::uint8_t piece = TRY(parts.u8());
        while (next_email_ < emails_.size() && emails_[next_email_].email < email) ++next_email_;
        const bool held = next_email_ < emails_.size() && emails_[next_email_].email == email;
        if (!held || piece >= emails_[next_email_].pieces)
            problem("email " + std::to_string(email.value) + ": a record that no mailbox holds");
        return {};
    }

    Result<> take_of_mailbox(std::string_view key, const std::string&) {
        const MailboxId id(TRY(store::TupleReader(key.substr(1)).u32()));
        if (!known_mailboxes_.contains(id))
            problem("mailbox " + std::to_string(id.value) + ": records, but no such mailbox");
        return {};
    }

    net::Task<Result<void>> check_orphans() {
        CO_TRY(co_await scan(Kind::email, &Checking::take_email));
        for (const Kind kind : {Kind::highest, Kind::base, Kind::chunk, Kind::operation, Kind::expunged})
            CO_TRY(co_await scan(kind, &Checking::take_of_mailbox));
        co_return Result<void>();
    }

    store::Store* store_;
    store::PartitionId partition_;
    std::vector<std::string> problems_;
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

net::Task<Result<std::vector<std::string>>> check(store::Store* store, AccountId account) {
    Checking checking(store, account);
    co_return co_await checking.run();
}

}  // namespace heliopost::mailbox
