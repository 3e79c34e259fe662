#include "mailbox/local_account.h"

#include <algorithm>

#include "mailbox/home.h"
#include "mailbox/keys.h"
#include "mailbox/mailboxes.h"

namespace heliopost::mailbox {

using key::Counter;

namespace {

class StoreWatch final : public Watch {
public:
    explicit StoreWatch(std::unique_ptr<store::Subscription> subscription)
        : subscription_(std::move(subscription)) {}

private:
    std::unique_ptr<store::Subscription> subscription_;
};

}  // namespace

LocalAccount::LocalAccount(store::Store& store, net::World& home, ViewCache& cache, net::TaskGroup& tasks,
                           AccountsOptions options, AccountId id)
    : core_(std::make_shared<Core>(store, home, cache, options, id)), tasks_(tasks) {
    if (!options.upkeep) return;
    core_->wants_rewrite = [this](MailboxId mailbox) { rewrite_later(mailbox); };
    core_->wants_erasure = [this] { erase_removed_later(); };
}

// Whoever calls this runs in a task that holds the account.
void LocalAccount::rewrite_later(MailboxId mailbox) {
    if (!rewriting_.insert(mailbox).second) return;
    tasks_.spawn(rewrite_task(shared_from_this(), mailbox));
}

net::Task<void> LocalAccount::rewrite_task(std::shared_ptr<LocalAccount> self, MailboxId mailbox) {
    Work<void> work = [mailbox](Core* core) { return rewrite(core, mailbox); };
    const auto done = co_await with_turn<void>(self->core_, std::move(work));
    self->rewriting_.erase(mailbox);
    if (!done && done.error().fault != Fault::not_found)
        self->core_->home.log().warning(
            "mailbox.rewrite_failed",
            {{"account", self->core_->id.value}, {"mailbox", mailbox.value}, {"reason", done.error().text}});
}

// Others have their turns between two steps.
net::Task<Result<void>> LocalAccount::erase_removed() {
    for (bool done = false; !done;) done = CO_TRY(co_await in_turn<bool>(core_, erase_removed_some));
    co_return Result<void>();
}

// The same holds: what was found when the account was read.
void LocalAccount::erase_removed_later() {
    if (std::exchange(erasing_removed_, true)) return;
    tasks_.spawn(erase_removed_task(shared_from_this()));
}

net::Task<void> LocalAccount::erase_removed_task(std::shared_ptr<LocalAccount> self) {
    const Result<void> done = co_await self->erase_removed();
    self->erasing_removed_ = false;
    if (!done && done.error().fault != Fault::not_found) self->tell_not_erased(done.error());
}

void LocalAccount::tell_not_erased(const Error& error) {
    core_->home.log().warning("mailbox.erase_failed", {{"account", core_->id.value}, {"reason", error.text}});
}

net::Task<Result<std::shared_ptr<const Mailboxes>>> LocalAccount::mailboxes() {
    if (auto known = core_->known()) co_return known;
    co_return co_await in_turn<std::shared_ptr<const Mailboxes>>(core_, mailboxes_of);
}

net::Task<Result<Listing>> LocalAccount::list() {
    const auto known = CO_TRY(co_await mailboxes());
    co_return known->listing;
}

net::Task<Result<Mailbox>> LocalAccount::find(std::string name) {
    auto canonical = canonical_name(std::move(name));
    if (!canonical) co_return fail(Fault::not_found, "no such mailbox");
    const auto known = CO_TRY(co_await mailboxes());
    const Mailbox* found = known->find(*canonical);
    if (found == nullptr) co_return fail(Fault::not_found, "no such mailbox");
    co_return *found;
}

net::Task<Result<Status>> LocalAccount::status(MailboxId mailbox) {
    const LoadedPtr current = CO_TRY(co_await current_view(core_.get(), mailbox));
    if (current) co_return current->view->status();
    // Counters one by one: the same HIGHESTMODSEQ before and after says that they belong together.
    constexpr int tries_max = 5;
    for (int tries = 0; tries < tries_max; ++tries) {
        const ModSequence highest = CO_TRY(co_await highest_of(core_.get(), mailbox));
        if (highest.value == 0) co_return fail(Fault::not_found, "no such mailbox");
        Status status = CO_TRY(co_await count(mailbox));
        status.highest_mod_sequence = highest;
        const ModSequence again = CO_TRY(co_await highest_of(core_.get(), mailbox));
        if (again == highest) co_return status;
    }
    const auto newest = CO_TRY(co_await view(mailbox));
    co_return newest->status();
}

net::Task<Result<Status>> LocalAccount::count(MailboxId mailbox) {
    const auto known = CO_TRY(co_await mailboxes());
    const Mailbox* found = known->find(mailbox);
    if (found == nullptr) co_return fail(Fault::not_found, "no such mailbox");
    store::Store& store = core_->store;
    const auto partition = core_->partition();
    Status status;
    status.uid_validity = found->uid_validity;
    const auto messages = CO_TRY(co_await store.counter(partition, key::of(Counter::messages, mailbox)));
    const auto unseen = CO_TRY(co_await store.counter(partition, key::of(Counter::unseen, mailbox)));
    const auto deleted = CO_TRY(co_await store.counter(partition, key::of(Counter::deleted, mailbox)));
    const auto uid = CO_TRY(co_await store.counter(partition, key::of(Counter::uid, mailbox)));
    status.octets = CO_TRY(co_await store.counter(partition, key::of(Counter::octets, mailbox)));
    status.messages = static_cast<std::uint32_t>(messages);
    status.unseen = static_cast<std::uint32_t>(unseen);
    status.deleted = static_cast<std::uint32_t>(deleted);
    status.uid_next = Uid(static_cast<std::uint32_t>(uid + 1));
    co_return status;
}

net::Task<Result<Mailbox>> LocalAccount::create(std::string name, Role role) {
    Work<Mailbox> work = [name = std::move(name), role](Core* core) {
        return create_mailbox(core, name, role);
    };
    return in_turn<Mailbox>(core_, std::move(work));
}

net::Task<Result<void>> LocalAccount::rename(std::string from, std::string to) {
    Work<void> work = [from = std::move(from), to = std::move(to)](Core* core) {
        return rename_mailbox(core, from, to);
    };
    return in_turn<void>(core_, std::move(work));
}

net::Task<Result<void>> LocalAccount::remove(std::string name) {
    Work<void> work = [name = std::move(name)](Core* core) { return remove_mailbox(core, name); };
    CO_TRY(co_await in_turn<void>(core_, std::move(work)));
    // It is gone, whatever comes: what cannot be erased now is when the account is read again.
    const Result<void> erased = co_await erase_removed();
    if (!erased) tell_not_erased(erased.error());
    co_return Result<void>();
}

net::Task<Result<void>> LocalAccount::subscribe(std::string name, bool subscribed) {
    Work<void> work = [name = std::move(name), subscribed](Core* core) {
        return mailbox::subscribe(core, name, subscribed);
    };
    return in_turn<void>(core_, std::move(work));
}

net::Task<Result<std::shared_ptr<const View>>> LocalAccount::view(MailboxId mailbox) {
    LoadedPtr loaded = CO_TRY(co_await current_view(core_.get(), mailbox));
    if (!loaded) {
        Work<LoadedPtr> work = [mailbox](Core* core) { return newest_view(core, mailbox); };
        loaded = CO_TRY(co_await in_turn<LoadedPtr>(core_, std::move(work)));
    }
    co_return loaded->view;
}

net::Task<Result<FlagsChanged>> LocalAccount::change_flags(MailboxId mailbox, imap::UidSet uids,
                                                           FlagChange change) {
    Work<FlagsChanged> work = [mailbox, uids = std::move(uids), change = std::move(change)](Core* core) {
        return mailbox::change_flags(core, mailbox, uids, change);
    };
    return in_turn<FlagsChanged>(core_, std::move(work));
}

net::Task<Result<imap::UidSet>> LocalAccount::expunge(MailboxId mailbox, imap::UidSet uids,
                                                      bool only_deleted) {
    Work<imap::UidSet> work = [mailbox, uids = std::move(uids), only_deleted](Core* core) {
        return mailbox::expunge(core, mailbox, uids, only_deleted);
    };
    return in_turn<imap::UidSet>(core_, std::move(work));
}

net::Task<Result<Copied>> LocalAccount::copy(MailboxId from, imap::UidSet uids, MailboxId to, Quota quota) {
    Work<Copied> work = [from, uids = std::move(uids), to, quota](Core* core) {
        return mailbox::copy(core, from, uids, to, quota);
    };
    return in_turn<Copied>(core_, std::move(work));
}

net::Task<Result<Copied>> LocalAccount::move(MailboxId from, imap::UidSet uids, MailboxId to) {
    Work<Copied> work = [from, uids = std::move(uids), to](Core* core) {
        return mailbox::move(core, from, uids, to);
    };
    return in_turn<Copied>(core_, std::move(work));
}

net::Task<Result<imap::UidSet>> LocalAccount::vanished(MailboxId mailbox, ModSequence above) {
    Work<imap::UidSet> work = [mailbox, above](Core* core) {
        return mailbox::vanished(core, mailbox, above);
    };
    return in_turn<imap::UidSet>(core_, std::move(work));
}

net::Task<Result<QuotaUse>> LocalAccount::quota() {
    QuotaUse use;
    use.octets = CO_TRY(co_await core_->store.counter(core_->partition(), key::of(Counter::account_octets)));
    use.emails =
        CO_TRY(co_await core_->store.counter(core_->partition(), key::of(Counter::account_messages)));
    co_return use;
}

std::unique_ptr<Watch> LocalAccount::watch(net::World& world, net::Event& changed) {
    return std::make_unique<StoreWatch>(core_->store.subscribe(
        core_->partition(), world, [event = &changed](store::Notice) { event->set(); }));
}

std::shared_ptr<void> LocalAccount::take_pop3_lock() {
    const std::lock_guard lock(mutex_);
    if (!pop3_lock_.expired()) return nullptr;
    // The token holds the account, so that a second open() finds the same lock.
    auto token = std::make_shared<std::shared_ptr<LocalAccount>>(shared_from_this());
    pop3_lock_ = token;
    return token;
}

}  // namespace heliopost::mailbox
