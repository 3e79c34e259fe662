#include <array>
#include <map>

#include "base/assert.h"
#include "mailbox/home.h"
#include "mailbox/keys.h"
#include "mailbox/local_account.h"
#include "mailbox/mailboxes.h"

namespace heliopost::mailbox {
namespace {

using store::Tuple;

// Accounts that stay in memory though no session holds them, with what they know of their mailboxes: a
// client that comes back at once finds them as it left them. Each is some kilobytes.
constexpr std::size_t accounts_kept_max = 1'024;

class LocalAccounts final : public Accounts {
public:
    LocalAccounts(store::Store& store, std::vector<net::World*> worlds, AccountsOptions options)
        : store_(store), worlds_(std::move(worlds)), options_(options), cache_(options.view_memory_max) {
        ASSERT(!worlds_.empty());
        for (net::World* world : worlds_)
            tasks_.push_back(std::make_unique<net::TaskGroup>(*world, "mailbox"));
    }

    std::shared_ptr<Account> open(AccountId id) override { return opened(id); }

    net::Task<Result<void>> erase(AccountId id) override {
        const auto account = opened(id);
        co_return co_await account->erase();
    }

    net::Task<void> stop() override {
        for (std::size_t i = 0; i < worlds_.size(); ++i) {
            net::Task<void> stopping = stop_group(worlds_[i], tasks_[i].get());
            co_await net::run_on(worlds_[i], std::move(stopping));
        }
    }

private:
    std::shared_ptr<LocalAccount> opened(AccountId id) {
        std::shared_ptr<LocalAccount> account;
        std::shared_ptr<LocalAccount> left;  // ends after the lock
        const std::lock_guard lock(mutex_);
        if (accounts_.size() >= next_sweep_) sweep();
        std::weak_ptr<LocalAccount>& place = accounts_[id];
        account = place.lock();
        const std::size_t hash = std::hash<AccountId>()(id);
        if (account == nullptr) {
            const std::size_t home = hash % worlds_.size();
            account =
                std::make_shared<LocalAccount>(store_, *worlds_[home], cache_, *tasks_[home], options_, id);
            place = account;
        }
        left = std::exchange(kept_[hash % accounts_kept_max], account);
        return account;
    }

    static net::Task<void> stop_group(net::World* world, net::TaskGroup* tasks) {
        tasks->stop();
        co_await tasks->join(world->after(turn_wait_max));
    }

    // Forgets accounts that nobody holds; each open pays for a constant share.
    void sweep() {
        std::erase_if(accounts_, [](const auto& entry) { return entry.second.expired(); });
        next_sweep_ = 2 * accounts_.size() + 1'000;
    }

    store::Store& store_;
    std::vector<net::World*> worlds_;
    const AccountsOptions options_;
    ViewCache cache_;
    std::vector<std::unique_ptr<net::TaskGroup>> tasks_;
    std::mutex mutex_;
    std::size_t next_sweep_ = 1'000;
    std::map<AccountId, std::weak_ptr<LocalAccount>> accounts_;
    std::array<std::shared_ptr<LocalAccount>, accounts_kept_max> kept_;  // the last of each hash
};

}  // namespace

void Accounts::create(store::Batch& batch, Time now) {
    struct Made {
        std::string_view name;
        Role role;
    };
    constexpr auto made = std::to_array<Made>({{"INBOX", Role::inbox},
                                               {"Drafts", Role::drafts},
                                               {"Sent", Role::sent},
                                               {"Junk", Role::junk},
                                               {"Trash", Role::trash},
                                               {"Archive", Role::archive}});
    ASSERT(batch.partition().kind == store::PartitionId::Kind::account);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    auto validity = static_cast<std::uint32_t>(std::max<std::int64_t>(seconds, 1));
    const store::Slot id = batch.next(key::of(key::Counter::mailbox_id), made.size());
    for (std::uint32_t i = 0; i < made.size(); ++i) {
        const Mailbox mailbox{.id = {},
                              .name = std::string(made[i].name),
                              .role = made[i].role,
                              .subscribed = true,
                              .uid_validity = UidValidity(validity++)};
        put_new_mailbox(batch, mailbox, id, i);
    }
    const std::string last = key::of(key::Kind::last_uid_validity);
    batch.assert_equal(last, std::nullopt);  // once an account
    batch.put(last, Tuple().u32(validity - 1));
}

std::unique_ptr<Accounts> make_accounts(store::Store& store, std::vector<net::World*> worlds,
                                        AccountsOptions options) {
    return std::make_unique<LocalAccounts>(store, std::move(worlds), options);
}

}  // namespace heliopost::mailbox
