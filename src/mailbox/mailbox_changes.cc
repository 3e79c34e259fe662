// CREATE, RENAME, SUBSCRIBE. RFC 9051 §6.3.4 to §6.3.8; DELETE is in remove.cc.
#include <algorithm>
#include <functional>

#include "base/assert.h"
#include "base/planted.h"
#include "base/text.h"
#include "mailbox/base_record.h"
#include "mailbox/changes.h"
#include "mailbox/keys.h"
#include "mailbox/mailboxes.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;
using store::ChangeKind;
using store::Tuple;

template <class Range, class Value, class Projection = std::identity>
bool has(const Range& range, const Value& value, Projection projection = {}) {
    return std::ranges::find(range, value, projection) != std::ranges::end(range);
}

// A batch that makes mailboxes, and what it makes.
class Creating {
public:
    explicit Creating(Core* core) : core_(core), batch_(core->partition()) {}

    net::Task<Result<void>> begin() {
        last_key_ = key::of(Kind::last_uid_validity);
        last_ = CO_TRY(co_await core_->store.get(core_->partition(), last_key_));
        std::uint32_t last = 0;
        if (last_) last = CO_TRY(store::TupleReader(*last_).u32());
        const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(core_->now_ms() / 1000, 1));
        next_ = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(std::max<std::uint64_t>(last + 1ULL, now), UINT32_MAX));
        if (planted("UIDVALIDITY reused")) next_ = last;
        co_return Result<void>();
    }

    // The missing parents first.
    Result<> add(const Listing& listing, const std::string& name, Role role) {
        for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
            const std::string parent = name.substr(0, at);
            if (!has(listing.mailboxes, parent, &Mailbox::name)) add_one(listing, parent, Role::none);
        }
        add_one(listing, name, role);
        if (listing.mailboxes.size() + made_.size() > core_->options.account_mailboxes)
            return fail(Fault::too_large, "too many mailboxes");
        return {};
    }

    // For a rename: only the parents.
    Result<> add_parents(const Listing& listing, const std::string& name) {
        const auto end = name.rfind('/');
        if (end == std::string::npos) return {};
        const std::string parent = name.substr(0, end);
        if (has(listing.mailboxes, parent, &Mailbox::name)) return {};
        return add(listing, parent, Role::none);
    }

    net::Task<Result<void>> commit(Listing listing) {
        store::Slot id;
        if (!made_.empty()) {
            id = batch_.next(key::of(key::Counter::mailbox_id), static_cast<std::uint32_t>(made_.size()));
            for (std::uint32_t i = 0; i < made_.size(); ++i) {
                put_new_mailbox(batch_, made_[i], id, i);
                if (made_[i].subscribed) batch_.erase(lost_subscription_key(made_[i].name));
            }
            batch_.assert_equal(last_key_, last_);
            batch_.put(last_key_, Tuple().u32(next_ - 1));
        }
        const auto committed = CO_TRY(co_await core_->store.commit(std::move(batch_)));
        for (std::uint32_t i = 0; i < made_.size(); ++i) {
            made_[i].id = MailboxId(static_cast<std::uint32_t>(committed.parts[0].of(id) + i));
            std::erase(listing.lost_subscriptions, made_[i].name);
            listing.mailboxes.push_back(made_[i]);
        }
        adopt(core_, std::move(listing));
        co_return Result<void>();
    }

    store::Batch& batch() { return batch_; }
    const Mailbox& last_made() const { return made_.back(); }

private:
    void add_one(const Listing& listing, const std::string& name, Role role) {
        made_.push_back({.id = {},
                         .name = name,
                         .role = role,
                         .subscribed = has(listing.lost_subscriptions, name),
                         .uid_validity = UidValidity(next_++)});
    }

    Core* core_;
    store::Batch batch_;
    std::string last_key_;
    std::optional<std::string> last_;
    std::uint32_t next_ = 1;
    std::vector<Mailbox> made_;
};

net::Task<Result<void>> rename_inbox(Core* core, std::string to) {
    const Mailbox made = CO_TRY(co_await create_mailbox(core, to, Role::none));
    CO_TRY(co_await move(core, inbox, imap::UidSet({{1, UINT32_MAX}}), made.id));
    co_return Result<void>();
}

// Views carry their mailbox; the rows are the same.
void update_view(Core* core, const Mailbox& mailbox) {
    const LoadedPtr loaded = core->cache.find(core->id, mailbox.id);
    if (!loaded) return;
    auto next = std::make_shared<LoadedView>(*loaded);
    const View& view = *loaded->view;
    next->view = std::make_shared<const View>(mailbox, view.status(), view.keywords(), view.chunks());
    core->cache.put(core->id, mailbox.id, std::move(next));
}

}  // namespace

bool is_child(std::string_view name, std::string_view parent) {
    return name.size() > parent.size() && name.starts_with(parent) && name[parent.size()] == '/';
}

void log_mailbox(store::Batch& batch, MailboxId id) {
    batch.log(ChangeKind::mailbox, 0, Tuple().u32(id.value));
}

Result<std::string> canonical_name(std::string name) {
    const auto bad = [] { return fail(Fault::denied, "this cannot be the name of a mailbox"); };
    if (name.empty() || name.size() > name_octets_max || !is_utf8(name)) return bad();
    if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
        return bad();
    const auto levels = split(name, '/');
    if (levels.size() > name_depth_max) return bad();
    if (std::ranges::any_of(levels, [](std::string_view level) { return level.empty(); })) return bad();
    constexpr std::string_view inbox_name = "INBOX";
    if (same_ignoring_case(levels[0], inbox_name)) name.replace(0, inbox_name.size(), inbox_name);
    return name;
}

void put_new_mailbox(store::Batch& batch, const Mailbox& mailbox, store::Slot id, std::uint32_t plus) {
    batch.put(Tuple(key::of(Kind::mailbox)).slot32(id, plus), Tuple(encode_mailbox(mailbox)));
    batch.put(Tuple(key::of(Kind::highest)).slot32(id, plus), Tuple().slot(batch.mod_sequence()));
    batch.log(ChangeKind::mailbox, 0, Tuple().slot32(id, plus));
}

net::Task<Result<Mailbox>> create_mailbox(Core* core, std::string name, Role role) {
    name = CO_TRY(canonical_name(std::move(name)));
    const auto mailboxes = CO_TRY(co_await mailboxes_of(core));
    const Listing& listing = mailboxes->listing;
    if (mailboxes->find(name) != nullptr) co_return fail(Fault::exists, "this mailbox exists");
    if (role != Role::none && has(listing.mailboxes, role, &Mailbox::role))
        co_return fail(Fault::exists, "another mailbox has this use");
    Creating creating(core);
    CO_TRY(co_await creating.begin());
    CO_TRY(creating.add(listing, name, role));
    CO_TRY(co_await creating.commit(listing));
    co_return creating.last_made();
}

// The old names stay subscribed to, as in RFC 9051 §6.3.6 ("doesn't update subscription information on the
// original name"): no server may take a subscription away by itself (§6.3.7). The new ones are subscribed to
// as the mailbox was, so that it does not vanish from a client that shows only those.
net::Task<Result<void>> rename_mailbox(Core* core, std::string from, std::string to) {
    from = CO_TRY(canonical_name(std::move(from)));
    to = CO_TRY(canonical_name(std::move(to)));
    const auto mailboxes = CO_TRY(co_await mailboxes_of(core));
    const Mailbox* source = mailboxes->find(from);
    if (source == nullptr) co_return fail(Fault::not_found, "no such mailbox");
    if (mailboxes->find(to) != nullptr) co_return fail(Fault::exists, "this mailbox exists");
    if (source->id == inbox) co_return co_await rename_inbox(core, to);
    if (is_child(to, from)) co_return fail(Fault::denied, "a mailbox cannot move below itself");

    Creating creating(core);
    CO_TRY(co_await creating.begin());
    Listing listing = mailboxes->listing;
    CO_TRY(creating.add_parents(listing, to));
    std::vector<Mailbox> renamed;
    std::vector<std::string> left;  // subscribed names that have no mailbox any more
    for (Mailbox& mailbox : listing.mailboxes) {
        if (mailbox.id != source->id && !is_child(mailbox.name, from)) continue;
        if (mailbox.subscribed) left.push_back(mailbox.name);
        mailbox.name = to + mailbox.name.substr(from.size());
        if (mailbox.name.size() > name_octets_max || split(mailbox.name, '/').size() > name_depth_max)
            co_return fail(Fault::denied, "a name would be too long");
        if (mailboxes->find(mailbox.name) != nullptr) co_return fail(Fault::exists, "this mailbox exists");
        const auto lost = std::ranges::find(listing.lost_subscriptions, mailbox.name);
        if (lost != listing.lost_subscriptions.end()) {
            mailbox.subscribed = true;
            creating.batch().erase(lost_subscription_key(mailbox.name));
            listing.lost_subscriptions.erase(lost);
        }
        creating.batch().put(key::of(Kind::mailbox, mailbox.id), Tuple(encode_mailbox(mailbox)));
        log_mailbox(creating.batch(), mailbox.id);
        renamed.push_back(mailbox);
    }
    for (std::string& name : left) {
        if (listing.lost_subscriptions.size() >= lost_subscriptions_max) break;
        creating.batch().put(lost_subscription_key(name), Tuple());
        listing.lost_subscriptions.push_back(std::move(name));
    }
    CO_TRY(co_await creating.commit(std::move(listing)));
    for (const Mailbox& mailbox : renamed) update_view(core, mailbox);
    co_return Result<void>();
}

net::Task<Result<void>> subscribe(Core* core, std::string name, bool subscribed) {
    name = CO_TRY(canonical_name(std::move(name)));
    const auto mailboxes = CO_TRY(co_await mailboxes_of(core));
    Listing listing = mailboxes->listing;
    const auto found = std::ranges::find(listing.mailboxes, name, &Mailbox::name);
    const bool lost = has(listing.lost_subscriptions, name);
    store::Batch batch(core->partition());
    if (found == listing.mailboxes.end()) {
        if (subscribed && !lost) co_return fail(Fault::not_found, "no such mailbox");
        if (subscribed || !lost) co_return Result<void>();
        batch.erase(lost_subscription_key(name));
        std::erase(listing.lost_subscriptions, name);
        batch.log(ChangeKind::mailbox, 0, Tuple());
        CO_TRY(co_await core->store.commit(std::move(batch)));
        adopt(core, std::move(listing));
        co_return Result<void>();
    }
    if (found->subscribed == subscribed) co_return Result<void>();
    found->subscribed = subscribed;
    const Mailbox changed = *found;
    batch.put(key::of(Kind::mailbox, changed.id), Tuple(encode_mailbox(changed)));
    log_mailbox(batch, changed.id);
    CO_TRY(co_await core->store.commit(std::move(batch)));
    adopt(core, std::move(listing));
    update_view(core, changed);
    co_return Result<void>();
}

}  // namespace heliopost::mailbox
