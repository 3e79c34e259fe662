// The Directory on a Store: an immutable snapshot for readers, one conditional commit for each change.
#include <algorithm>
#include <mutex>

#include "base/assert.h"
#include "directory/account_secrets.h"
#include "directory/change.h"
#include "directory/directory.h"
#include "directory/snapshot.h"
#include "directory/turnstile.h"
#include "proto/sasl/scram.h"
#include "proto/smtp/address.h"

namespace heliopost::directory {
namespace {

constexpr std::size_t page_rows = 1'000;

using Shared = std::shared_ptr<const Snapshot>;

class StoredDirectory final : public Directory {
public:
    StoredDirectory(store::Store& store, net::World& world) : store_(store), world_(world) {}

    net::Task<Result<void>> load() override;

    net::Task<Result<Resolution>> resolve(std::string local_part, std::string domain) override {
        const Shared now = snapshot();
        co_return directory::resolve(*now, local_part, domain, Fallback::all);
    }
    bool is_local_domain(std::string domain) const override {
        const auto name = parse_domain(domain);
        return name && snapshot()->domains.find(*name) != nullptr;
    }

    net::Task<Result<Account>> account(std::string address) override {
        const Name name = CO_TRY(parse_name(address));
        co_return found(snapshot()->account(name.key()));
    }
    net::Task<Result<Account>> account(AccountId id) override { co_return found(snapshot()->account(id)); }
    net::Task<Result<bool>> may_send_as(AccountId id, std::string address) override;

    net::Task<Result<Domain>> add_domain(std::string name) override;
    net::Task<Result<void>> set_catch_all(std::string domain, std::string address) override {
        co_return co_await commit(plan_catch_all(std::move(domain), std::move(address)));
    }
    net::Task<Result<void>> remove_domain(std::string name) override {
        co_return co_await commit(plan_remove_domain(std::move(name)));
    }
    std::vector<Domain> domains() const override;

    net::Task<Result<Account>> add_account(NewAccount account, WriteMailboxes mailboxes) override;
    net::Task<Result<void>> set_password(std::string address, std::string password) override;
    net::Task<Result<void>> set_quota(std::string address, std::uint64_t octets) override {
        auto edit = [octets](Account& account) -> Result<void> {
            account.quota_octets = octets;
            return {};
        };
        co_return co_await commit(plan_account(edit, std::move(address)));
    }
    net::Task<Result<void>> set_disabled(std::string address, bool disabled) override {
        auto edit = [disabled](Account& account) -> Result<void> {
            account.disabled = disabled;
            return {};
        };
        co_return co_await commit(plan_account(edit, std::move(address)));
    }
    net::Task<Result<void>> remove_account(std::string address) override {
        co_return co_await commit(plan_remove_account(std::move(address)));
    }
    net::Task<Result<std::vector<AccountId>>> removed_accounts() override;
    net::Task<Result<void>> erased(AccountId account) override {
        store::Batch batch(store::directory_partition);
        batch.erase(removed_key(account));
        CO_TRY(co_await store_.commit(std::move(batch)));
        co_return Result<void>();
    }
    net::Task<Result<std::vector<Account>>> accounts(std::string domain) override;

    net::Task<Result<void>> put_alias(Alias alias) override {
        co_return co_await commit(plan_put_alias(std::move(alias)));
    }
    net::Task<Result<void>> remove_alias(std::string address) override {
        co_return co_await commit(plan_remove_alias(std::move(address)));
    }
    net::Task<Result<std::vector<Alias>>> aliases(std::string domain) override;

    std::string secret() const override { return snapshot()->meta.secret; }

private:
    Shared snapshot() const {
        const std::lock_guard lock(mutex_);
        return snapshot_;
    }
    static Result<Account> found(const Account* account) {
        if (account == nullptr) return fail(Fault::not_found, "no such account");
        return *account;
    }

    net::Task<Result<void>> commit(Plan plan);
    store::Batch batch_of(const Snapshot& from, const Change& change) const;
    net::Task<Result<void>> catch_up();
    net::Task<Result<bool>> follow_changes(Shared from, std::string meta_row);
    net::Task<Result<void>> read_all();
    net::Task<Result<void>> read_pages(Snapshot* next, Order* order, std::string low, std::string high);
    net::Task<Result<void>> begin();
    Result<void> publish(std::uint64_t from_revision, const Meta& meta, std::string meta_row,
                         const std::vector<std::pair<std::string, std::optional<std::string>>>& rows);
    net::Task<AccountSecrets> make_secrets(std::string prepared);
    void warn(const Error& error) const { world_.log().error("directory", {{"problem", error.text}}); }

    store::Store& store_;
    net::World& world_;
    Turnstile turnstile_{changes_waiting_max};
    mutable std::mutex mutex_;
    Shared snapshot_ = std::make_shared<const Snapshot>();
    Order order_;  // of snapshot_, under the mutex
};

net::Task<Result<void>> StoredDirectory::load() {
    CO_TRY(co_await read_all());
    if (!snapshot()->meta_row) CO_TRY(co_await begin());
    const std::size_t names = snapshot()->names.size();
    if (names > addresses_expected_max)
        world_.log().warning("directory",
                             {{"problem", "more addresses in memory than expected"}, {"addresses", names}});
    co_return Result<void>();
}

// The first start on an empty store.
net::Task<Result<void>> StoredDirectory::begin() {
    Meta meta;
    meta.secret = world_.random_octets(secret_octets);
    store::Batch batch(store::directory_partition);
    batch.assert_equal(meta_key(), std::nullopt);
    batch.put(meta_key(), encode(meta));
    CO_TRY(co_await store_.commit(std::move(batch)));
    co_return co_await read_all();
}

net::Task<Result<void>> StoredDirectory::read_all() {
    Snapshot next;
    Order order;
    // The revision first: rows that are newer than it are read again by whoever catches up from it.
    next.meta_row = CO_TRY(co_await store_.get(store::directory_partition, meta_key()));
    if (next.meta_row) next.meta = CO_TRY(decode_meta(*next.meta_row));
    const auto low_of = [](RowKind kind) { return std::string(1, static_cast<char>(kind)); };
    CO_TRY(co_await read_pages(&next, &order, low_of(RowKind::domain), low_of(RowKind::change)));

    auto whole = std::make_shared<const Snapshot>(std::move(next));
    const std::lock_guard lock(mutex_);
    if (snapshot_->meta_row && snapshot_->meta.revision > whole->meta.revision) co_return Result<void>();
    snapshot_ = std::move(whole);
    order_ = std::move(order);
    co_return Result<void>();
}

// Domains sort before names, as apply() wants it.
net::Task<Result<void>> StoredDirectory::read_pages(Snapshot* next, Order* order, std::string low,
                                                    std::string high) {
    for (;;) {
        auto read =
            co_await store_.scan(store::directory_partition, low, high, page_rows, store::Direction::forward);
        const std::vector<store::KeyValue> rows = CO_TRY(std::move(read));
        for (const auto& [key, value] : rows)
            if (const auto applied = apply(*next, *order, key, value); !applied) warn(applied.error());
        if (rows.size() < page_rows) co_return Result<void>();
        low = rows.back().first + '\0';
    }
}

store::Batch StoredDirectory::batch_of(const Snapshot& from, const Change& change) const {
    store::Batch batch(store::directory_partition);
    batch.assert_equal(meta_key(), from.meta_row);
    batch.put(meta_key(), encode(change.meta));
    std::vector<std::string> keys;
    for (const auto& [key, value] : change.rows) {
        keys.push_back(key);
        if (value)
            batch.put(key, *value);
        else
            batch.erase(key);
    }
    const std::uint64_t revision = change.meta.revision;
    batch.put(change_key(revision), encode_change(keys));
    if (revision > changes_kept_max) batch.erase(change_key(revision - changes_kept_max));
    return batch;
}

net::Task<Result<void>> StoredDirectory::commit(Plan plan) {
    const Turnstile::Turn turn = co_await turnstile_.enter();
    if (!turn) co_return fail(Fault::temporary, "too many changes of the directory are waiting");
    for (int attempt = 0; attempt < change_attempts_max; ++attempt) {
        const Shared now = snapshot();
        ASSERT(now->meta_row.has_value());  // load() came first
        Change change{now->meta, {}, {}};
        ++change.meta.revision;
        CO_TRY(plan(*now, change));
        std::vector<store::Batch> batches{batch_of(*now, change)};
        std::ranges::move(change.also, std::back_inserter(batches));
        auto committed = co_await store_.commit(std::move(batches), std::vector<store::StagedBlob>());
        if (committed) co_return publish(now->meta.revision, change.meta, encode(change.meta), change.rows);
        // Whatever it was, the store may have moved: another change, or this one with its answer lost.
        auto caught_up = co_await catch_up();
        if (committed.error().fault != Fault::conflict)
            co_return std::unexpected(std::move(committed).error());
        CO_TRY(std::move(caught_up));
    }
    co_return fail(Fault::temporary, "the directory is busy");
}

// Takes rows that are true as of meta.revision onto the snapshot of from_revision. Where the snapshot has
// moved on by other means, it has these rows, or newer ones, already.
Result<void> StoredDirectory::publish(
    std::uint64_t from_revision, const Meta& meta, std::string meta_row,
    const std::vector<std::pair<std::string, std::optional<std::string>>>& rows) {
    const std::lock_guard lock(mutex_);
    if (snapshot_->meta.revision != from_revision) return {};
    auto next = std::make_shared<Snapshot>(*snapshot_);
    next->meta = meta;
    next->meta_row = std::move(meta_row);
    for (const auto& [key, value] : rows)
        if (const auto applied = apply(*next, order_, key, value); !applied) warn(applied.error());
    snapshot_ = std::move(next);
    return {};
}

// Brings the snapshot to what the store holds, after somebody else's change.
net::Task<Result<void>> StoredDirectory::catch_up() {
    const Shared from = snapshot();
    auto read = co_await store_.get(store::directory_partition, meta_key());
    const std::optional<std::string> meta_row = CO_TRY(std::move(read));
    if (!meta_row) co_return fail(Fault::internal, "the directory is gone");
    if (meta_row == from->meta_row) co_return Result<void>();
    const bool followed = CO_TRY(co_await follow_changes(from, *meta_row));
    if (followed) co_return Result<void>();
    co_return co_await read_all();
}

// False where the rows of the changes in between are not all there any more.
net::Task<Result<bool>> StoredDirectory::follow_changes(Shared from, std::string meta_row) {
    const Meta meta = CO_TRY(decode_meta(meta_row));
    if (meta.revision <= from->meta.revision) co_return true;  // the snapshot has moved on
    const std::uint64_t behind = meta.revision - from->meta.revision;
    if (behind >= changes_kept_max) co_return false;
    auto scanned = co_await store_.scan(store::directory_partition, change_key(from->meta.revision + 1),
                                        change_key(meta.revision + 1), behind, store::Direction::forward);
    const std::vector<store::KeyValue> changes = CO_TRY(std::move(scanned));
    if (changes.size() != behind) co_return false;
    std::set<std::string> touched;  // in key order: domains before names
    for (const auto& [key, value] : changes)
        for (std::string& row : CO_TRY(decode_change(value))) touched.insert(std::move(row));
    std::vector<std::string> keys(touched.begin(), touched.end());
    auto got = co_await store_.multi_get(store::directory_partition, keys);
    std::vector<std::optional<std::string>> values = CO_TRY(std::move(got));
    ASSERT(values.size() == keys.size());
    std::vector<std::pair<std::string, std::optional<std::string>>> rows;
    for (std::size_t i = 0; i < keys.size(); ++i) rows.emplace_back(std::move(keys[i]), std::move(values[i]));
    CO_TRY(publish(from->meta.revision, meta, std::move(meta_row), rows));
    co_return true;
}

net::Task<Result<bool>> StoredDirectory::may_send_as(AccountId id, std::string address) {
    const Name name = CO_TRY(parse_name(address));
    const Shared now = snapshot();
    if (now->account(id) == nullptr) co_return fail(Fault::not_found, "no such account");
    const Resolution reached = CO_TRY(directory::resolve(*now, name.local_part, name.domain, Fallback::none));
    co_return std::ranges::any_of(reached.accounts,
                                  [id](const Resolution::Mailbox& mailbox) { return mailbox.account == id; });
}

net::Task<Result<Domain>> StoredDirectory::add_domain(std::string name) {
    CO_TRY(co_await commit(plan_add_domain(name)));
    const std::string domain = CO_TRY(parse_domain(name));
    const Shared now = snapshot();
    const HostedDomain* hosted = now->domains.find(domain);
    if (hosted == nullptr) co_return fail(Fault::conflict, "the domain was removed at the same time");
    co_return hosted->domain;
}

std::vector<Domain> StoredDirectory::domains() const {
    std::vector<Domain> all;
    snapshot()->domains.for_each(
        [&all](const std::string&, const HostedDomain& hosted) { all.push_back(hosted.domain); });
    std::ranges::sort(all, {}, &Domain::id);
    return all;
}

net::Task<AccountSecrets> StoredDirectory::make_secrets(std::string prepared) {
    std::string hash_salt = world_.random_octets(password_salt_octets);
    std::string scram_salt = world_.random_octets(sasl::scram_salt_octets);
    co_return co_await world_.on_pool(
        [prepared, hash_salt, scram_salt] { return derive_secrets(prepared, hash_salt, scram_salt); });
}

net::Task<Result<Account>> StoredDirectory::add_account(NewAccount account, WriteMailboxes mailboxes) {
    const Name name = CO_TRY(parse_new_name(account.address));
    const std::string prepared = CO_TRY(prepare_password(account.password));
    Account fresh;
    fresh.display_name = account.display_name;
    fresh.quota_octets = account.quota_octets;
    if (fresh.display_name.size() > display_name_octets_max)
        co_return fail(Fault::too_large, "display name too long");
    const Time created = world_.now();
    Plan plan = [name, mailboxes, created, &fresh](const Snapshot& now, Change& change) -> Result<void> {
        if (now.domains.find(name.domain) == nullptr) return fail(Fault::not_found, "no such domain");
        if (now.names.find(name.key()) != nullptr) return fail(Fault::exists, "the address is taken");
        fresh.id = AccountId(++change.meta.last_account);
        change.put(name_key(name), encode(NameRecord(fresh)));
        store::Batch batch(store::account_partition(fresh.id));
        if (mailboxes != nullptr) {
            mailboxes(batch, created);
            change.also.push_back(std::move(batch));
        }
        return {};
    };
    Change trial{snapshot()->meta, {}, {}};
    CO_TRY(plan(*snapshot(), trial));  // before the hash: it costs
    const AccountSecrets secrets = co_await make_secrets(prepared);
    keep(fresh, secrets, account.scram);
    CO_TRY(co_await commit(plan));
    fresh.address = smtp::to_string(smtp::Address{name.local_part, name.domain});
    co_return fresh;
}

net::Task<Result<void>> StoredDirectory::set_password(std::string address, std::string password) {
    const std::string prepared = CO_TRY(prepare_password(password));
    const Account before = CO_TRY(co_await account(address));
    const AccountSecrets secrets = co_await make_secrets(prepared);
    auto edit = [secrets](Account& account) -> Result<void> {
        keep(account, secrets, account.scram_iterations != 0);
        return {};
    };
    co_return co_await commit(plan_account(edit, std::move(address)));
}

net::Task<Result<std::vector<AccountId>>> StoredDirectory::removed_accounts() {
    std::vector<AccountId> removed;
    std::string low = removed_key(AccountId(0));
    for (bool more = true; more;) {
        const auto page = CO_TRY(
            co_await store_.scan(store::directory_partition, low, "", page_rows, store::Direction::forward));
        for (const auto& [octets, value] : page) {
            const Key key = CO_TRY(parse_key(octets));
            if (key.kind == RowKind::removed) removed.push_back(AccountId(key.number));
        }
        more = page.size() == page_rows;
        if (more) low = page.back().first + '\0';
    }
    co_return removed;
}

net::Task<Result<std::vector<Account>>> StoredDirectory::accounts(std::string domain) {
    if (!domain.empty()) domain = CO_TRY(parse_domain(domain));
    std::vector<Account> all;
    snapshot()->names.for_each([&](const std::string& key, const NameRecord& record) {
        const auto* account = std::get_if<Account>(&record);
        if (account != nullptr && (domain.empty() || key.ends_with("@" + domain))) all.push_back(*account);
    });
    std::ranges::sort(all, {}, &Account::address);
    co_return all;
}

net::Task<Result<std::vector<Alias>>> StoredDirectory::aliases(std::string domain) {
    if (!domain.empty()) domain = CO_TRY(parse_domain(domain));
    std::vector<Alias> all;
    snapshot()->names.for_each([&](const std::string& key, const NameRecord& record) {
        const auto* alias = std::get_if<Alias>(&record);
        if (alias != nullptr && (domain.empty() || key.ends_with("@" + domain))) all.push_back(*alias);
    });
    std::ranges::sort(all, {}, &Alias::address);
    co_return all;
}

}  // namespace

std::unique_ptr<Directory> make_directory(store::Store& store, net::World& world) {
    return std::make_unique<StoredDirectory>(store, world);
}

}  // namespace heliopost::directory
