// LocalAccount: the Account over a Store of this process. Internal to mailbox/.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "mailbox/account.h"
#include "mailbox/core.h"
#include "net/task_group.h"

namespace heliopost::mailbox {

class LocalAccount final : public Account, public std::enable_shared_from_this<LocalAccount> {
public:
    // tasks: of the home loop; where rewrites run.
    LocalAccount(store::Store& store, net::World& home, ViewCache& cache, net::TaskGroup& tasks,
                 AccountsOptions options, AccountId id);

    AccountId id() const override { return core_->id; }

    net::Task<Result<Listing>> list() override;
    net::Task<Result<Mailbox>> find(std::string name) override;
    net::Task<Result<Status>> status(MailboxId mailbox) override;
    net::Task<Result<Mailbox>> create(std::string name, Role role) override;
    net::Task<Result<void>> rename(std::string from, std::string to) override;
    net::Task<Result<void>> remove(std::string name) override;
    net::Task<Result<void>> subscribe(std::string name, bool subscribed) override;

    net::Task<Result<std::shared_ptr<const View>>> view(MailboxId mailbox) override;
    net::Task<Result<std::vector<std::shared_ptr<const Email>>>> emails(std::vector<EmailId> ids) override;
    net::Task<Result<Envelopes>> envelopes(std::vector<EmailId> ids) override;
    net::Task<Result<std::string>> read(std::shared_ptr<const Email> email, std::uint64_t from,
                                        std::uint64_t count) override;
    net::Task<Result<Verdicts>> verdicts(EmailId email) override;
    net::Task<Result<Appended>> append(MailboxId mailbox, std::vector<NewEmail> emails,
                                       std::vector<store::StagedBlob> blobs, imap::Flags flags,
                                       Quota quota) override;
    net::Task<Result<FlagsChanged>> change_flags(MailboxId mailbox, imap::UidSet uids,
                                                 FlagChange change) override;
    net::Task<Result<imap::UidSet>> expunge(MailboxId mailbox, imap::UidSet uids, bool only_deleted) override;
    net::Task<Result<Copied>> copy(MailboxId from, imap::UidSet uids, MailboxId to, Quota quota) override;
    net::Task<Result<Copied>> move(MailboxId from, imap::UidSet uids, MailboxId to) override;
    net::Task<Result<imap::UidSet>> vanished(MailboxId mailbox, ModSequence above) override;
    net::Task<Result<QuotaUse>> quota() override;
    std::unique_ptr<Watch> watch(net::World& world, net::Event& changed) override;
    std::shared_ptr<void> take_pop3_lock() override;

    // Accounts::erase
    net::Task<Result<void>> erase();

private:
    void rewrite_later(MailboxId mailbox);
    void erase_removed_later();
    net::Task<Result<void>> erase_removed();
    void tell_not_erased(const Error& error);
    static net::Task<void> erase_removed_task(std::shared_ptr<LocalAccount> self);
    static net::Task<void> rewrite_task(std::shared_ptr<LocalAccount> self, MailboxId mailbox);
    net::Task<Result<std::shared_ptr<const Mailboxes>>> mailboxes();
    net::Task<Result<Status>> count(MailboxId mailbox);

    std::shared_ptr<Core> core_;
    net::TaskGroup& tasks_;
    std::set<MailboxId> rewriting_;  // on the home loop
    bool erasing_removed_ = false;   // on the home loop
    std::mutex mutex_;
    std::weak_ptr<void> pop3_lock_;
};

}  // namespace heliopost::mailbox
