// The mailboxes of an account: read once, then changed here.
#include <algorithm>

#include "base/assert.h"
#include "base/text.h"
#include "mailbox/base_record.h"
#include "mailbox/core.h"
#include "mailbox/keys.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;
using store::Tuple;

constexpr std::size_t mailboxes_a_page = 1'000;

bool before(const Mailbox& a, const Mailbox& b) {
    if ((a.id == inbox) != (b.id == inbox)) return a.id == inbox;
    return a.name < b.name;
}

template <class Visit>
net::Task<Result<void>> scan_kind(Core* core, Kind kind, Visit* visit) {
    std::string low = key::of(kind);
    const std::string high = store::after_prefix(low);
    for (bool more = true; more;) {
        const auto page = CO_TRY(co_await core->store.scan(core->partition(), low, high, mailboxes_a_page,
                                                           store::Direction::forward));
        for (const auto& [key, value] : page) {
            store::TupleReader parts(std::string_view(key).substr(1));
            CO_TRY((*visit)(parts, value));
        }
        more = page.size() == mailboxes_a_page;
        if (more) low = page.back().first + '\0';
    }
    co_return Result<void>();
}

}  // namespace

const Mailbox* Mailboxes::find(std::string_view name) const {
    const auto found = std::ranges::find(listing.mailboxes, name, &Mailbox::name);
    return found == listing.mailboxes.end() ? nullptr : &*found;
}

const Mailbox* Mailboxes::find(MailboxId id) const {
    const auto found = std::ranges::find(listing.mailboxes, id, &Mailbox::id);
    return found == listing.mailboxes.end() ? nullptr : &*found;
}

net::Task<Result<std::shared_ptr<const Mailboxes>>> mailboxes_of(Core* core) {
    if (auto known = core->known()) co_return known;
    auto read = std::make_shared<Mailboxes>();
    const auto take_mailbox = [&read](store::TupleReader& key, const std::string& value) -> Result<> {
        const MailboxId id(TRY(key.u32()));
        read->listing.mailboxes.push_back(TRY(decode_mailbox(id, value)));
        return {};
    };
    const auto take_removed = [&read](store::TupleReader& key, const std::string& value) -> Result<> {
        const MailboxId id(TRY(key.u32()));
        read->removed.push_back(TRY(decode_mailbox(id, value)));
        return {};
    };
    const auto take_lost = [&read](store::TupleReader& key, const std::string&) -> Result<> {
        read->listing.lost_subscriptions.push_back(TRY(key.text()));
        return {};
    };
    CO_TRY(co_await scan_kind(core, Kind::mailbox, &take_mailbox));
    CO_TRY(co_await scan_kind(core, Kind::lost_subscription, &take_lost));
    CO_TRY(co_await scan_kind(core, Kind::removed, &take_removed));
    if (read->listing.mailboxes.empty()) co_return fail(Fault::not_found, "no such account");
    std::ranges::sort(read->listing.mailboxes, before);
    core->set_known(read);
    if (!read->removed.empty() && core->wants_erasure) core->wants_erasure();
    co_return std::shared_ptr<const Mailboxes>(read);
}

std::string lost_subscription_key(std::string_view name) {
    return Tuple().u8(static_cast<std::uint8_t>(Kind::lost_subscription)).text(name);
}

void adopt_removed(Core* core, Listing listing, std::vector<Mailbox> removed) {
    std::ranges::sort(listing.mailboxes, before);
    auto next = std::make_shared<Mailboxes>();
    next->listing = std::move(listing);
    next->removed = std::move(removed);
    core->set_known(std::move(next));
}

void adopt(Core* core, Listing listing) {
    const auto known = core->known();
    adopt_removed(core, std::move(listing), known ? known->removed : std::vector<Mailbox>());
}

}  // namespace heliopost::mailbox
