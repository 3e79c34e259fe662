#include "mailbox/arrive.h"

#include <algorithm>

#include "mailbox/changes.h"
#include "mailbox/keys.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;
using store::Tuple;

class Arrival {
public:
    Arrival(Core* core, store::Batch* batch, Arriving arriving)
        : core_(core), batch_(batch), in_(std::move(arriving)) {}

    net::Task<Result<store::Slot>> run() {
        CO_TRY(co_await check_room());
        use_keywords();
        CO_TRY(co_await check_keywords());
        CO_TRY(co_await find_twins());
        first_uid_ =
            batch_->next(key::of(key::Counter::uid, in_.to), static_cast<std::uint32_t>(in_.rows.size()));
        const auto twins = static_cast<std::uint32_t>(std::ranges::count(twin_, true));
        if (twins > 0) first_twin_ = batch_->next(key::of(key::Counter::email_id), twins);
        CO_TRY(co_await put_twins());
        put_memberships();
        put_all_rows();
        change_counts(*batch_, in_.to, counts_);
        change_quota(*batch_, counts_, in_.quota);
        log_all(twins);
        if (batch_->octets() > store::batch_octets_max) co_return too_many();
        co_return first_uid_;
    }

private:
    static std::unexpected<Error> too_many() { return fail(Fault::too_large, "too many messages at once"); }

    net::Task<Result<void>> check_room() {
        const auto mailboxes = CO_TRY(co_await mailboxes_of(core_));
        if (mailboxes->find(in_.to) == nullptr) co_return fail(Fault::not_found, "no such mailbox");
        const auto messages = CO_TRY(
            co_await core_->store.counter(core_->partition(), key::of(key::Counter::messages, in_.to)));
        if (messages + in_.rows.size() > messages_max)
            co_return fail(Fault::too_large, "too many messages in this mailbox");
        co_return Result<void>();
    }

    // Only what the rows use goes along.
    void use_keywords() {
        std::uint64_t used = 0;
        for (const Row& row : in_.rows) used |= row.flags >> keyword_bit;
        std::vector<std::pair<std::uint64_t, std::uint64_t>> moves;  // bit here, bit there
        std::vector<std::string> names;
        for (std::size_t i = 0; i < in_.keywords.size(); ++i) {
            if ((used >> i & 1) == 0) continue;
            moves.emplace_back(std::uint64_t{1} << (keyword_bit + i),
                               std::uint64_t{1} << (keyword_bit + names.size()));
            names.push_back(in_.keywords[i]);
        }
        in_.keywords = std::move(names);
        for (Row& row : in_.rows) {
            std::uint64_t flags = row.flags & imap::all_system_flags;
            for (const auto& [here, there] : moves)
                if ((row.flags & here) != 0) flags |= there;
            row.flags = flags;
            row.saved = core_->now_ms();
            counts_.add(row);
        }
    }

    net::Task<Result<void>> check_keywords() {
        if (in_.keywords.empty()) co_return Result<void>();
        const LoadedPtr there = CO_TRY(co_await newest_view(core_, in_.to));
        std::size_t count = there->view->keywords().size();
        for (const std::string& keyword : in_.keywords)
            if (!find_keyword(there->view->keywords(), keyword)) ++count;
        if (count > keywords_max)
            co_return fail(Fault::too_large, "too many different keywords in this mailbox");
        co_return Result<void>();
    }

    // Which rows need a new Email: those whose email is there already.
    net::Task<Result<void>> find_twins() {
        twin_.assign(in_.rows.size(), in_.from == in_.to && !in_.moved);
        if (in_.from == in_.to) co_return Result<void>();
        for (std::size_t at = 0; at < in_.rows.size(); at += keys_a_read) {
            std::vector<std::string> keys;
            for (std::size_t i = at; i < in_.rows.size() && i < at + keys_a_read; ++i)
                keys.push_back(key::membership(in_.rows[i].email, in_.to));
            const auto found = CO_TRY(co_await core_->store.multi_get(core_->partition(), std::move(keys)));
            for (std::size_t i = 0; i < found.size(); ++i) twin_[at + i] = found[i].has_value();
        }
        co_return Result<void>();
    }

    net::Task<Result<void>> put_twins() {
        std::uint32_t number = 0;
        for (std::size_t i = 0; i < in_.rows.size(); ++i) {
            if (!twin_[i]) continue;
            CO_TRY(co_await put_twin(i, number++));
            if (batch_->octets() > store::batch_octets_max) co_return too_many();
        }
        co_return Result<void>();
    }

    net::Task<Result<void>> put_twin(std::size_t i, std::uint32_t number) {
        const Membership& place = in_.memberships[i];
        std::vector<std::string> keys;
        for (unsigned piece = 0; piece < place.pieces; ++piece)
            keys.push_back(key::email(in_.rows[i].email, static_cast<std::uint8_t>(piece)));
        keys.push_back(key::of(Kind::verdicts, in_.rows[i].email));
        auto pieces = CO_TRY(co_await core_->store.multi_get(core_->partition(), std::move(keys)));
        if (std::optional<std::string>& verdicts = pieces.back())
            batch_->put(Tuple(key::of(Kind::verdicts)).slot(first_twin_, number),
                        Tuple(*std::move(verdicts)));
        pieces.pop_back();
        for (std::size_t piece = 0; piece < pieces.size(); ++piece) {
            std::optional<std::string>& octets = pieces[piece];
            if (!octets) co_return fail(Fault::internal, "a message's record is missing");
            batch_->put(
                Tuple(key::of(Kind::email)).slot(first_twin_, number).u8(static_cast<std::uint8_t>(piece)),
                Tuple(std::move(*octets)));
        }
        batch_->reference(place.blob, Tuple().slot(first_twin_, number));
        co_return Result<void>();
    }

    void put_memberships() {
        std::uint32_t number = 0;
        for (std::uint32_t i = 0; i < in_.rows.size(); ++i) {
            const EmailId email = in_.rows[i].email;
            Tuple membership;
            membership.slot32(first_uid_, i)
                .u8(in_.memberships[i].pieces)
                .octets(in_.memberships[i].blob.view());
            if (twin_[i]) {
                batch_->put(Tuple(key::of(Kind::membership)).slot(first_twin_, number++).u32(in_.to.value),
                            std::move(membership));
                continue;
            }
            batch_->put(key::membership(email, in_.to), std::move(membership));
            if (!in_.moved) batch_->put(key::of(Kind::shared, email), Tuple());
        }
    }

    // One operation for each run of rows that are alike in being twins.
    void put_all_rows() {
        std::uint32_t number = 0;
        for (std::size_t at = 0; at < in_.rows.size();) {
            std::size_t end = at;
            while (end < in_.rows.size() && twin_[end] == twin_[at] && end - at < chunk_rows) ++end;
            NewRows rows{.rows = std::span(in_.rows).subspan(at, end - at),
                         .keywords = in_.keywords,
                         .first_uid = first_uid_,
                         .uid_plus = static_cast<std::uint32_t>(at)};
            if (twin_[at]) {
                rows.first_email = first_twin_;
                rows.email_plus = number;
                number += static_cast<std::uint32_t>(end - at);
            }
            put_rows(*batch_, in_.to, rows);
            at = end;
        }
    }

    void log_all(std::uint32_t twins) {
        std::vector<EmailId> added;
        for (std::size_t i = 0; i < in_.rows.size(); ++i)
            if (!twin_[i]) added.push_back(in_.rows[i].email);
        log_emails(*batch_, in_.to, ids_added, std::move(added));
        if (twins > 0)
            batch_->log(store::ChangeKind::membership, in_.to.value,
                        Tuple().u8(ids_created).slot(first_twin_).u32(twins));
    }

    Core* core_;
    store::Batch* batch_;
    Arriving in_;
    store::Slot first_uid_;
    store::Slot first_twin_;
    std::vector<bool> twin_;
    Counts counts_;
};

}  // namespace

net::Task<Result<store::Slot>> arrive(Core* core, store::Batch* batch, Arriving arriving) {
    Arrival arrival(core, batch, std::move(arriving));
    co_return co_await arrival.run();
}

}  // namespace heliopost::mailbox
