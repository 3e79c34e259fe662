#include "mailbox/repair.h"

#include <algorithm>
#include <map>
#include <utility>

#include "mailbox/account.h"
#include "mailbox/check.h"
#include "mailbox/email_record.h"
#include "mailbox/keys.h"
#include "mailbox/repair_mailboxes.h"
#include "mailbox/repair_rows.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;
using store::Problem;
using store::Tuple;

// The messages of mailboxes that can be read: index, records, and what no mailbox holds.
class MessageRepair {
public:
    MessageRepair(store::Store* store, net::World* world, AccountId account, const KeepRows* keep,
                  std::vector<Problem>* done)
        : store_(store),
          world_(world),
          partition_(store::account_partition(account)),
          keep_(keep),
          done_(done) {
        AccountsOptions options;
        options.upkeep = false;
        accounts_ = make_accounts(*store, {world}, options);
        opened_ = accounts_->open(account);
    }

    net::Task<Result<void>> run() {
        auto done = co_await repair();
        opened_.reset();
        co_await accounts_->stop();
        co_return done;
    }

    net::Task<Result<Rescued>> rescue(store::BlobId blob, EmailId holder) {
        auto done = co_await rescue_blob(blob, holder);
        opened_.reset();
        co_await accounts_->stop();
        co_return done;
    }

private:
    struct Kept {
        std::map<MailboxId, Uid> rows;            // as the mailboxes say
        std::map<MailboxId, Membership> indexed;  // as the index says
        unsigned pieces = 0;
        bool shared = false;
        bool judged = false;  // it has verdicts
    };

    net::Task<Result<void>> repair() {
        const Listing listing = CO_TRY(co_await opened_->list());
        for (const Mailbox& mailbox : listing.mailboxes) {
            names_.emplace(mailbox.id, mailbox.name);
            const auto view = co_await opened_->view(mailbox.id);
            if (!view) co_return Result<void>();  // check() says so; who is in it is not known
            for (const auto& chunk : (*view)->chunks())
                for (const Row& row : chunk->rows) emails_[row.email].rows.emplace(mailbox.id, row.uid);
        }
        for (const Kind kind : {Kind::email, Kind::membership, Kind::shared, Kind::verdicts})
            CO_TRY(co_await read(kind));
        for (const auto& [id, kept] : emails_) {
            if (kept.rows.empty())
                CO_TRY(co_await take_home(id, &kept));
            else
                CO_TRY(co_await mend(id, &kept));
        }
        co_return Result<void>();
    }

    net::Task<Result<void>> read(Kind kind) {
        std::string low = key::of(kind);
        const std::string high = store::after_prefix(low);
        for (bool more = true; more;) {
            const auto page =
                CO_TRY(co_await store_->scan(partition_, low, high, rows_a_page, store::Direction::forward));
            for (const auto& [key, value] : page) {
                store::TupleReader parts(std::string_view(key).substr(1));
                Kept& kept = emails_[EmailId(CO_TRY(parts.u64()))];
                if (kind == Kind::email) ++kept.pieces;
                if (kind == Kind::shared) kept.shared = true;
                if (kind == Kind::verdicts) kept.judged = true;
                if (kind == Kind::membership)
                    kept.indexed.emplace(MailboxId(CO_TRY(parts.u32())), CO_TRY(decode_membership(value)));
            }
            more = page.size() == rows_a_page;
            if (more) low = page.back().first + '\0';
        }
        co_return Result<void>();
    }

    std::string where(MailboxId mailbox, Uid uid) const {
        const auto name = names_.find(mailbox);
        return "mailbox " + (name == names_.end() ? std::to_string(mailbox.value) : name->second) +
               ", message " + std::to_string(uid.value);
    }
    void tell(std::string where, std::string what) {
        done_->push_back({store::Harm::wrong, std::move(where), std::move(what), true});
    }

    net::Task<Result<std::shared_ptr<const Email>>> record(EmailId id, unsigned pieces) {
        std::string octets;
        for (unsigned piece = 0; piece < std::max(pieces, 1U); ++piece) {
            const auto value =
                CO_TRY(co_await store_->get(partition_, key::email(id, static_cast<std::uint8_t>(piece))));
            if (!value) co_return fail(Fault::internal, "its record is missing");
            octets += *value;
        }
        co_return decode_email(id, octets);
    }

    // A mailbox holds it: the index follows, and a record that cannot be read is made anew.
    net::Task<Result<void>> mend(EmailId id, const Kept* kept) {
        const auto email = co_await record(id, kept->pieces);
        if (!email) co_return co_await make_anew(id, kept);
        store::Batch batch(partition_);
        const auto pieces = static_cast<std::uint8_t>(kept->pieces);
        for (const auto& [mailbox, uid] : kept->rows) {
            const auto indexed = kept->indexed.find(mailbox);
            if (indexed != kept->indexed.end() && indexed->second.uid == uid &&
                indexed->second.pieces == pieces && indexed->second.blob == (*email)->blob.id)
                continue;
            batch.put(key::membership(id, mailbox),
                      Tuple().u32(uid.value).u8(pieces).octets((*email)->blob.id.view()));
            tell(where(mailbox, uid), "it was not indexed rightly: it is again");
        }
        for (const auto& [mailbox, membership] : kept->indexed) {
            if (kept->rows.contains(mailbox)) continue;
            batch.erase(key::membership(id, mailbox));
            tell(where(mailbox, membership.uid), "the index had it, the mailbox did not: not any more");
        }
        if (kept->rows.size() > 1 && !kept->shared) {
            batch.put(key::of(Kind::shared, id), Tuple());
            tell("email " + std::to_string(id.value), "in two mailboxes, and not marked so: it is now");
        }
        if (batch.octets() != 0) CO_TRY(co_await store_->commit(std::move(batch)));
        co_return Result<void>();
    }

    // Its octets under a new UID, for they lack what the record had put in front.
    net::Task<Result<void>> make_anew(EmailId id, const Kept* kept) {
        if (kept->indexed.empty()) co_return Result<void>();  // nobody knows its blob: check() says so
        auto made = co_await email_of_blob(store_, world_, kept->indexed.begin()->second.blob);
        if (!made) co_return Result<void>();
        CO_TRY(co_await keep_pieces(id, "a record of a message that cannot be read"));
        for (const auto& [mailbox, uid] : kept->rows) {
            if (!kept->indexed.contains(mailbox)) continue;
            const auto view = CO_TRY(co_await opened_->view(mailbox));
            const auto index = view->find(uid);
            if (!index) continue;
            made->received = from_unix_milliseconds(view->at(*index).received);
            if (kept->judged) made->verdicts = CO_TRY(co_await verdicts_of(id));
            CO_TRY(co_await opened_->append(mailbox, {*made}, {}, view->flags_of(view->at(*index)), Quota{}));
            CO_TRY(co_await opened_->expunge(mailbox, imap::UidSet::of(uid.value), false));
            tell(where(mailbox, uid),
                 "its record could not be read: its octets are there again, as a new message");
        }
        co_return Result<void>();
    }

    // No mailbox holds it.
    net::Task<Result<void>> take_home(EmailId id, const Kept* kept) {
        if (kept->pieces == 0 && kept->indexed.empty()) co_return co_await unmark(id, kept);
        std::string name(lost_and_found);
        std::optional<store::BlobId> blob;
        for (const auto& [mailbox, membership] : kept->indexed) {
            blob = membership.blob;
            if (const auto known = names_.find(mailbox); known != names_.end()) {
                name += "/" + known->second;
                break;
            }
        }
        const auto email = co_await record(id, kept->pieces);
        Result<NewEmail> made = fail(Fault::internal, "");
        if (email) {
            const Email& was = **email;
            blob = was.blob.id;
            made = NewEmail{was.blob, was.prefix, was.received, was.structure, was.preview, {}};
        } else if (blob) {
            made = co_await email_of_blob(store_, world_, *blob);
        }
        if (made && kept->judged) made->verdicts = CO_TRY(co_await verdicts_of(id));
        if (made) made = co_await file(name, std::move(*made));
        if (!email || !made)
            CO_TRY(
                co_await keep_pieces(id, "a record of a message that no mailbox holds, and cannot be read"));
        const std::string index = key::of(Kind::membership, id);
        store::Batch batch(partition_);
        batch.erase_range(key::of(Kind::email, id), store::after_prefix(key::of(Kind::email, id)));
        batch.erase_range(index, store::after_prefix(index));
        batch.erase(key::of(Kind::shared, id));
        batch.erase(key::of(Kind::verdicts, id));
        if (made && blob) batch.release(*blob, id.value);
        CO_TRY(co_await store_->commit(std::move(batch)));
        tell("email " + std::to_string(id.value), made ? "no mailbox held it: it is in " + name
                                                       : "no mailbox held it, nor has it octets: taken out");
        co_return Result<void>();
    }

    net::Task<Result<std::string>> verdicts_of(EmailId id) {
        const auto value = CO_TRY(co_await store_->get(partition_, key::of(Kind::verdicts, id)));
        co_return value.value_or("");
    }

    // There is nothing but marks.
    net::Task<Result<void>> unmark(EmailId id, const Kept* kept) {
        store::Batch batch(partition_);
        batch.erase(key::of(Kind::shared, id));
        batch.erase(key::of(Kind::verdicts, id));
        CO_TRY(co_await store_->commit(std::move(batch)));
        tell("email " + std::to_string(id.value), kept->judged
                                                      ? "verdicts of a message that is gone: taken out"
                                                      : "marked as in two mailboxes, and gone: not any more");
        co_return Result<void>();
    }

    // Gives the email back once it is filed.
    net::Task<Result<NewEmail>> file(std::string name, NewEmail email) {
        auto mailbox = co_await opened_->find(name);
        if (!mailbox) mailbox = co_await opened_->create(name, Role::none);
        if (!mailbox) co_return std::unexpected(mailbox.error());
        CO_TRY(co_await opened_->append(mailbox->id, {email}, {}, {}, Quota{}));
        co_return email;
    }

    net::Task<Result<void>> keep_pieces(EmailId id, std::string reason) {
        const std::string low = key::of(Kind::email, id);
        const auto rows = CO_TRY(co_await store_->scan(partition_, low, store::after_prefix(low),
                                                       email_pieces_max + 1, store::Direction::forward));
        std::vector<TakenOut> taken;
        for (const auto& [key, value] : rows) taken.push_back({key, value, reason});
        if (!taken.empty()) CO_TRY((*keep_)(std::move(taken)));
        co_return Result<void>();
    }

    net::Task<Result<Rescued>> rescue_blob(store::BlobId blob, EmailId holder) {
        CO_TRY(co_await read(Kind::membership));
        const bool there = std::ranges::any_of(emails_, [&](const auto& one) {
            return std::ranges::any_of(one.second.indexed,
                                       [&](const auto& kept) { return kept.second.blob == blob; });
        });
        if (!there) {
            auto made = co_await email_of_blob(store_, world_, blob);
            if (!made) co_return Rescued::unreadable;
            CO_TRY(co_await file(std::string(lost_and_found), std::move(*made)));
        }
        store::Batch batch(partition_);
        batch.release(blob, holder.value);
        CO_TRY(co_await store_->commit(std::move(batch)));
        co_return there ? Rescued::was_there : Rescued::came;
    }

    store::Store* store_;
    net::World* world_;
    const store::PartitionId partition_;
    const KeepRows* keep_;
    std::vector<Problem>* done_;
    std::unique_ptr<Accounts> accounts_;
    std::shared_ptr<Account> opened_;
    std::map<EmailId, Kept> emails_;
    std::map<MailboxId, std::string> names_;
};

}  // namespace

net::Task<Result<std::vector<Problem>>> repair(store::Store* store, net::World* world, AccountId account,
                                               KeepRows keep) {
    std::vector<Problem> done;
    MailboxRepair mailboxes(store, world, account, &keep, &done);
    CO_TRY(co_await mailboxes.run());
    MessageRepair messages(store, world, account, &keep, &done);
    CO_TRY(co_await messages.run());
    co_return done;
}

net::Task<Result<Rescued>> rescue(store::Store* store, net::World* world, AccountId account,
                                  store::BlobId blob, EmailId holder) {
    const KeepRows none = [](const std::vector<TakenOut>&) { return Result<>(); };
    std::vector<Problem> done;
    MessageRepair messages(store, world, account, &none, &done);
    co_return co_await messages.rescue(blob, holder);
}

}  // namespace heliopost::mailbox
