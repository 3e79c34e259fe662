// Account: the mailboxes of one account, for every session and device of it.
//
// Reads may be called on any loop. Changes run one at a time on the account's home loop (Accounts
// knows it) and return on the caller's. A change is acknowledged after its commit; a deletion, rename or
// expunge by another session shows in the next View. Mailboxes that are gone fail with
// Fault::not_found; names that exist with Fault::exists.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "mailbox/email.h"
#include "mailbox/envelopes.h"
#include "mailbox/file.h"
#include "mailbox/mailbox.h"
#include "mailbox/verdicts.h"
#include "mailbox/view.h"
#include "net/event.h"
#include "net/task.h"
#include "net/world.h"
#include "proto/imap/command.h"
#include "proto/imap/sequence_set.h"
#include "store/store.h"

namespace heliopost::mailbox {

struct FlagChange {
    imap::command::Store::Mode mode{};
    imap::Flags flags;
    std::optional<ModSequence> unchanged_since;  // RFC 7162 §3.1.3
};
struct FlagsChanged {
    std::shared_ptr<const View> view;  // after the change
    imap::UidSet changed;
    imap::UidSet modified;  // failed unchanged_since: answered with MODIFIED
};

struct Appended {
    UidValidity uid_validity;
    imap::UidSet uids;
};
struct Copied {
    UidValidity uid_validity;
    std::vector<Uid> from;  // in pairs: COPYUID, RFC 9051 §6.4.7
    std::vector<Uid> to;
};

struct QuotaUse {
    std::uint64_t octets = 0;
    std::uint64_t octets_max = 0;  // 0: no limit
    std::uint64_t emails = 0;
};

// Ends with its destructor, on the world it was made for; sets the event at every change in the account.
class Watch {
public:
    virtual ~Watch() = default;
};

class Account {
public:
    virtual ~Account() = default;
    virtual AccountId id() const = 0;

    // mailboxes
    virtual net::Task<Result<Listing>> list() = 0;
    virtual net::Task<Result<Mailbox>> find(std::string name) = 0;
    virtual net::Task<Result<Status>> status(MailboxId mailbox) = 0;
    // Creates missing parents too (RFC 9051 §6.3.4). A role that another mailbox has: Fault::exists.
    virtual net::Task<Result<Mailbox>> create(std::string name, Role role) = 0;
    // Children move along. Renaming INBOX moves its messages to a new mailbox (RFC 9051 §6.3.6).
    virtual net::Task<Result<void>> rename(std::string from, std::string to) = 0;
    // INBOX and mailboxes with children: Fault::denied.
    virtual net::Task<Result<void>> remove(std::string name) = 0;
    virtual net::Task<Result<void>> subscribe(std::string name, bool subscribed) = 0;

    // messages
    // The newest View; it holds at least every commit that was acknowledged before the call.
    virtual net::Task<Result<std::shared_ptr<const View>>> view(MailboxId mailbox) = 0;
    // Of the first of these, at least of one: of no more than emails_octets_max of records holds. Null where
    // one is gone.
    virtual net::Task<Result<std::vector<std::shared_ptr<const Email>>>> emails(std::vector<EmailId> ids) = 0;
    // The same for who wants nothing else of very many.
    virtual net::Task<Result<Envelopes>> envelopes(std::vector<EmailId> ids) = 0;
    // Octets [from, from + count) of prefix + blob, at most BlobStore::read_octets_max a call.
    virtual net::Task<Result<std::string>> read(std::shared_ptr<const Email> email, std::uint64_t from,
                                                std::uint64_t count) = 0;
    // What the checks found when it came; empty where nobody judged it, or it is gone.
    virtual net::Task<Result<Verdicts>> verdicts(EmailId email) = 0;
    virtual net::Task<Result<Appended>> append(MailboxId mailbox, std::vector<NewEmail> emails,
                                               std::vector<store::StagedBlob> blobs, imap::Flags flags,
                                               Quota quota) = 0;
    virtual net::Task<Result<FlagsChanged>> change_flags(MailboxId mailbox, imap::UidSet uids,
                                                         FlagChange change) = 0;
    // only_deleted: just those with \Deleted (EXPUNGE, UID EXPUNGE); POP3's QUIT names them itself.
    virtual net::Task<Result<imap::UidSet>> expunge(MailboxId mailbox, imap::UidSet uids,
                                                    bool only_deleted) = 0;
    // All or nothing, in one commit where it holds them; more come in slices, which others see coming, and
    // which only a crash leaves behind.
    virtual net::Task<Result<Copied>> copy(MailboxId from, imap::UidSet uids, MailboxId to, Quota quota) = 0;
    virtual net::Task<Result<Copied>> move(MailboxId from, imap::UidSet uids, MailboxId to) = 0;
    // UIDs expunged above a mod-sequence, among those in `within` if given: RFC 7162 §3.2.
    virtual net::Task<Result<imap::UidSet>> vanished(MailboxId mailbox, ModSequence above) = 0;

    virtual net::Task<Result<QuotaUse>> quota() = 0;

    virtual std::unique_ptr<Watch> watch(net::World& world, net::Event& changed) = 0;

    // POP3's one session per account (RFC 1939 §4): false when another holds it. Released by destroying
    // the token, on any loop.
    virtual std::shared_ptr<void> take_pop3_lock() = 0;
};

// All accounts of this process; keeps their views within view_memory_max.
class Accounts {
public:
    virtual ~Accounts() = default;
    virtual std::shared_ptr<Account> open(AccountId account) = 0;

    // For an account that the directory has removed: erases all that it has, in bounded commits, and gives up
    // its blobs for the sweeper. Sessions that are still there change nothing any more. What a crash or a
    // stop leaves is erased by the next call; so is what a delivery that was under way has filed meanwhile.
    virtual net::Task<Result<void>> erase(AccountId account) = 0;

    // Ends background work (rewrites of chunks), on every loop; call it before the loops end and before the
    // destructor, once nobody uses an Account any more.
    virtual net::Task<void> stop() { co_return; }

    // Writes a new account's mailboxes into the batch that makes the account (its partition's batch).
    static void create(store::Batch& batch, Time now);
};

struct AccountsOptions {
    std::size_t account_mailboxes = mailboxes_max;
    std::size_t view_memory_max = std::size_t{256} << 20;
    std::uint64_t log_operations_max = 1'000;    // of a mailbox, before its chunks are rewritten
    std::size_t rewrite_octets_max = 4'000'000;  // of one commit of a rewrite
    bool upkeep =
        true;  // false: nothing is written but what is asked for: no rewrites, no erasing of what is removed
    std::size_t copy_rows_max = 100'000;  // of one commit of a COPY; store::batch_octets_max may allow fewer
};

// worlds: the loops; an account's home is worlds[hash % size]. All must outlive the Accounts.
std::unique_ptr<Accounts> make_accounts(store::Store& store, std::vector<net::World*> worlds,
                                        AccountsOptions options);

}  // namespace heliopost::mailbox
