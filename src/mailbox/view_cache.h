// ViewCache: the newest View of each mailbox that this process has read lately, of all accounts.
//
// Any thread. Past memory_max the least lately used leave, but for those that somebody holds: dropping
// them would free nothing.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "mailbox/view.h"

namespace heliopost::mailbox {

// A View and what a rewrite needs to know of the store below it.
struct LoadedView {
    std::shared_ptr<const View> view;
    std::optional<std::string> base;  // record::Base as stored, for assert_equal
    struct Stored {
        Uid first;                         // the UID that its key names
        std::weak_ptr<const Chunk> chunk;  // the chunk in memory that says the same; or expired
    };
    std::vector<Stored> stored;
    ModSequence base_mod_sequence;
    // of the log above the base
    std::uint64_t operations = 0;
    std::uint64_t operation_octets = 0;
    std::uint64_t rows_touched = 0;
};

class ViewCache {
public:
    explicit ViewCache(std::size_t memory_max) : memory_max_(memory_max) {}

    std::shared_ptr<const LoadedView> find(AccountId account, MailboxId mailbox);
    void put(AccountId account, MailboxId mailbox, std::shared_ptr<const LoadedView> view);
    void erase(AccountId account, MailboxId mailbox);
    std::size_t memory() const;

private:
    using Key = std::pair<AccountId, MailboxId>;
    struct Entry {
        Key key;
        std::shared_ptr<const LoadedView> view;
        std::size_t octets = 0;
    };
    void trim();

    const std::size_t memory_max_;
    mutable std::mutex mutex_;
    std::list<Entry> entries_;  // lately used first
    std::map<Key, std::list<Entry>::iterator> places_;
    std::size_t memory_ = 0;
};

}  // namespace heliopost::mailbox
