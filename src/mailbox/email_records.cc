// Emails and envelopes, from the records in the store: on the caller's loop, without the account's turn.
#include <algorithm>
#include <span>

#include "mailbox/email_record.h"
#include "mailbox/keys.h"
#include "mailbox/local_account.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;
using Records = Envelopes::Records;  // pieces joined; nothing where an email is gone

// Piece 0 says nothing of others: they are simply the next keys.
net::Task<Result<std::string>> rest_of(Core* core, EmailId id, std::string first) {
    const std::string low = key::email(id, 1);
    const auto rows = CO_TRY(co_await core->store.scan(core->partition(), low,
                                                       store::after_prefix(key::of(Kind::email, id)),
                                                       email_pieces_max, store::Direction::forward));
    for (const auto& [key, value] : rows) first += value;
    co_return first;
}

// Looks each up. Large ones end the page early: what is behind them is left for the next call.
net::Task<Result<Records>> pick(Core* core, std::vector<EmailId> ids) {
    constexpr std::size_t page_octets_max = 1'000'000;
    std::vector<std::string> keys;
    keys.reserve(ids.size());
    for (const EmailId id : ids) keys.push_back(key::email(id, 0));
    Records records = CO_TRY(co_await core->store.multi_get(core->partition(), std::move(keys)));
    std::size_t octets = 0;
    std::size_t done = 0;
    for (; done < records.size() && octets <= page_octets_max; ++done) {
        std::optional<std::string>& record = records[done];
        if (!record) continue;
        std::string whole = *std::move(record);
        if (whole.size() >= email_piece_octets)
            whole = CO_TRY(co_await rest_of(core, ids[done], std::move(whole)));
        octets += whole.size();
        record = std::move(whole);
    }
    records.resize(done);
    co_return records;
}

// Messages that came into a mailbox one after the other stand so in the store, too, and mostly nothing
// between them: then to walk over them is a fraction of the work of looking each up.
bool are_neighbours(std::span<const EmailId> ids) {
    constexpr std::uint64_t others_max = 1;  // keys walked over in vain, for each that is wanted
    const auto not_ascending = [](EmailId a, EmailId b) { return a >= b; };
    if (ids.size() < 2 || std::ranges::adjacent_find(ids, not_ascending) != ids.end()) return false;
    return ids.back().value - ids.front().value < ids.size() * (1 + others_max);
}

// Nothing where the walk would be longer than thought, because emails between them have many pieces.
net::Task<Result<std::optional<Records>>> walk(Core* core, std::vector<EmailId> ids) {
    constexpr std::size_t more_pieces_max = 8;
    const std::size_t rows_max = ids.back().value - ids.front().value + 1 + more_pieces_max;
    const auto rows = CO_TRY(co_await core->store.scan(core->partition(), key::email(ids.front(), 0),
                                                       store::after_prefix(key::of(Kind::email, ids.back())),
                                                       rows_max, store::Direction::forward));
    if (rows.size() == rows_max) co_return std::nullopt;
    Records records(ids.size());
    std::size_t at = 0;
    for (const auto& [key, value] : rows) {
        store::TupleReader parts(std::string_view(key).substr(1));  // kind
        const EmailId id(CO_TRY(parts.u64()));
        while (at < ids.size() && ids[at] < id) ++at;
        if (at == ids.size() || ids[at] != id) continue;
        std::optional<std::string>& record = records[at];
        if (!record) record.emplace();
        *record += value;
    }
    co_return records;
}

// The records of the first of these emails: of as many as a page holds, and of one at least.
net::Task<Result<Records>> page_of(Core* core, std::span<const EmailId> ids) {
    const auto page = ids.first(std::min(keys_a_read, ids.size()));
    if (are_neighbours(page)) {
        auto walked = CO_TRY(co_await walk(core, {page.begin(), page.end()}));
        if (walked) co_return *std::move(walked);
    }
    co_return co_await pick(core, {page.begin(), page.end()});
}

}  // namespace

net::Task<Result<std::vector<std::shared_ptr<const Email>>>> LocalAccount::emails(std::vector<EmailId> ids) {
    std::vector<std::shared_ptr<const Email>> emails;
    emails.reserve(ids.size());
    std::size_t octets = 0;
    while (emails.size() < ids.size() && octets <= emails_octets_max) {
        const Records page = CO_TRY(co_await page_of(core_.get(), std::span(ids).subspan(emails.size())));
        for (const std::optional<std::string>& record : page) {
            if (octets > emails_octets_max) break;
            const EmailId id = ids[emails.size()];
            std::shared_ptr<const Email>& email = emails.emplace_back();
            if (!record) continue;
            octets += record->size();
            auto decoded = decode_email(id, *record);
            if (!decoded) {
                core_->home.log().error(
                    "email.broken",
                    {{"account", core_->id.value}, {"email", id.value}, {"reason", decoded.error().text}});
                co_return std::unexpected(decoded.error());
            }
            email = *std::move(decoded);
        }
    }
    co_return emails;
}

net::Task<Result<Verdicts>> LocalAccount::verdicts(EmailId email) {
    const auto record = CO_TRY(co_await core_->store.get(core_->partition(), key::of(Kind::verdicts, email)));
    if (!record) co_return Verdicts{};
    co_return decode_verdicts(*record);
}

net::Task<Result<Envelopes>> LocalAccount::envelopes(std::vector<EmailId> ids) {
    co_return Envelopes(CO_TRY(co_await page_of(core_.get(), ids)));
}

}  // namespace heliopost::mailbox
