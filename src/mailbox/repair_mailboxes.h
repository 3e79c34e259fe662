// The first half of repair(): rows that cannot be read, mailboxes without a record, numbers. Internal to
// mailbox/.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "mailbox/mailbox.h"
#include "mailbox/repair.h"

namespace heliopost::mailbox {

class MailboxRepair {
public:
    // All outlive it. What it does is added to done.
    MailboxRepair(store::Store* store, net::World* world, AccountId account, const KeepRows* keep,
                  std::vector<store::Problem>* done);
    net::Task<Result<void>> run();

private:
    struct Seen {
        std::uint64_t largest_uid = 0;
        std::uint64_t keywords = 0;  // bits of flags
        bool holds = false;          // rows of messages
    };
    net::Task<Result<void>> read_all();
    void read(const std::string& key, const std::string& value);
    void read_of_mailbox(const std::string& key, const std::string& value);
    net::Task<Result<void>> take_out();
    net::Task<Result<void>> forget_traces();
    net::Task<Result<void>> mend_mailboxes();
    net::Task<Result<void>> mend_bases();
    net::Task<Result<void>> mend_numbers();
    net::Task<Result<void>> finish_removals();
    net::Task<Result<void>> raise(std::string counter, std::uint64_t least, std::string where);
    void put_mailbox(store::Batch* batch, Mailbox mailbox);
    void tell(std::string where, std::string what);
    std::string name_for(MailboxId id) const;

    store::Store* store_;
    net::World* world_;
    const AccountId account_;
    const store::PartitionId partition_;
    const KeepRows* keep_;
    std::vector<store::Problem>* done_;
    std::vector<TakenOut> bad_;
    std::set<MailboxId> bad_bases_;
    std::map<MailboxId, Mailbox> mailboxes_;  // with those removed
    std::set<MailboxId> removed_;             // they hold what is not erased yet
    std::map<MailboxId, Seen> seen_;
    std::set<MailboxId> with_highest_;
    std::uint64_t largest_email_ = 0;
    std::uint32_t largest_validity_ = 0;
    bool gave_more_ = false;  // than its counters say
};

}  // namespace heliopost::mailbox
