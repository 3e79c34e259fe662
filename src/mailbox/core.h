// Core: what the operations on one account share. Internal to mailbox/.
//
// Functions that take a Core* and say "with the turn" run on the home loop and hold its turn. The Core
// outlives them: their caller holds it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "mailbox/account.h"
#include "mailbox/turn.h"
#include "mailbox/view_cache.h"
#include "net/world.h"
#include "store/store.h"

namespace heliopost::mailbox {

// All mailboxes, and what only matters to who changes them.
struct Mailboxes {
    Listing listing;
    std::vector<Mailbox> removed;  // gone for everybody; what they hold is still to be erased (remove.cc)
    const Mailbox* find(std::string_view name) const;
    const Mailbox* find(MailboxId id) const;
};

class Core {
public:
    Core(store::Store& s, net::World& h, ViewCache& c, AccountsOptions o, AccountId account)
        : store(s), home(h), cache(c), options(o), id(account), turn(h) {}

    store::Store& store;
    net::World& home;
    ViewCache& cache;
    const AccountsOptions options;
    const AccountId id;
    Turn turn;
    std::function<void(MailboxId)> wants_rewrite;  // called on the home loop
    std::function<void()> wants_erasure;           // the same: mailboxes were found that are removed
    bool erased = false;  // with the turn: the account is going, nothing may change it

    store::PartitionId partition() const { return store::account_partition(id); }
    std::int64_t now_ms() const { return unix_milliseconds(home.now()); }

    // The mailboxes as last read or written; null before. Any thread.
    std::shared_ptr<const Mailboxes> known() const {
        const std::lock_guard lock(mutex_);
        return mailboxes_;
    }
    void set_known(std::shared_ptr<const Mailboxes> mailboxes) {
        const std::lock_guard lock(mutex_);
        mailboxes_ = std::move(mailboxes);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Mailboxes> mailboxes_;
};

using LoadedPtr = std::shared_ptr<const LoadedView>;

// With the turn: reads the mailboxes where they are not known.
net::Task<Result<std::shared_ptr<const Mailboxes>>> mailboxes_of(Core* core);

// With the turn: the View as of every commit acknowledged before the call.
net::Task<Result<LoadedPtr>> newest_view(Core* core, MailboxId mailbox);

// With the turn: of a mailbox that was removed; it does not come into the cache, where others would find it.
net::Task<Result<LoadedPtr>> removed_view(Core* core, Mailbox mailbox);

// Any loop: the View in the cache if nothing is newer, else null.
net::Task<Result<LoadedPtr>> current_view(Core* core, MailboxId mailbox);

// The mailbox's HIGHESTMODSEQ row; 0 where there is none.
net::Task<Result<ModSequence>> highest_of(Core* core, MailboxId mailbox);

// With the turn: rewrites the chunks that changed and drops the log below them (rewrite.cc).
net::Task<Result<void>> rewrite(Core* core, MailboxId mailbox);
bool is_due(const Core& core, const LoadedView& loaded);

// With the turn; each as Account says.
net::Task<Result<FlagsChanged>> change_flags(Core* core, MailboxId mailbox, imap::UidSet uids,
                                             FlagChange change);
net::Task<Result<imap::UidSet>> expunge(Core* core, MailboxId mailbox, imap::UidSet uids, bool only_deleted);
net::Task<Result<imap::UidSet>> expunge_rows(Core* core, LoadedPtr from, imap::UidSet uids,
                                             bool only_deleted);
net::Task<Result<imap::UidSet>> vanished(Core* core, MailboxId mailbox, ModSequence above);
net::Task<Result<Copied>> copy(Core* core, MailboxId from, imap::UidSet uids, MailboxId to, Quota quota);
net::Task<Result<Copied>> move(Core* core, MailboxId from, imap::UidSet uids, MailboxId to);
net::Task<Result<Mailbox>> create_mailbox(Core* core, std::string name, Role role);
net::Task<Result<void>> rename_mailbox(Core* core, std::string from, std::string to);
net::Task<Result<void>> subscribe(Core* core, std::string name, bool subscribed);

// With the turn: takes the mailbox out of everybody's sight, in one commit; then, step by step, erases what
// removed mailboxes hold. True once there is none left (remove.cc).
net::Task<Result<void>> remove_mailbox(Core* core, std::string name);
net::Task<Result<bool>> erase_removed_some(Core* core);

// With the turn: one bounded commit that erases a part of the account, with the blobs' references. True once
// nothing is left (erase.cc).
net::Task<Result<bool>> erase_some(Core* core);

}  // namespace heliopost::mailbox
