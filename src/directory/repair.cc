#include "directory/repair.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "directory/dkim_key.h"
#include "directory/records.h"

namespace heliopost::directory {
namespace {

constexpr std::size_t page_rows = 1'000;

class Repair {
public:
    Repair(store::Store* store, net::World* world, std::set<std::uint64_t> with_mail, store::KeepRows keep)
        : store_(store), world_(world), with_mail_(std::move(with_mail)), keep_(std::move(keep)) {}

    net::Task<Result<std::vector<store::Problem>>> run() {
        CO_TRY(co_await read_all());
        mend_domains();
        name_lost_accounts();
        forget_removals();
        mend_meta();
        // New rows first: what they stand in for is taken out once they are there.
        CO_TRY(co_await put_rows());
        CO_TRY(co_await take_out());
        co_return std::move(done_);
    }

private:
    void tell(std::string where, std::string what) {
        done_.push_back({store::Harm::wrong, std::move(where), std::move(what), true});
    }
    void put(std::string key, std::string value) { puts_.insert_or_assign(std::move(key), std::move(value)); }

    net::Task<Result<void>> read_all() {
        std::string low;
        for (bool more = true; more;) {
            const auto page = CO_TRY(co_await store_->scan(store::directory_partition, low, "", page_rows,
                                                           store::Direction::forward));
            for (const auto& [octets, value] : page) {
                const auto key = parse_key(octets);
                const Result<void> read = key ? take(*key, value) : std::unexpected(key.error());
                if (read) continue;
                if (key && key->kind == RowKind::domain) seen_domains_.insert(key->name.domain);
                if (key && key->kind == RowKind::name) broken_names_.push_back(key->name);
                bad_.push_back({octets, value, read.error().text});
            }
            more = page.size() == page_rows;
            if (more) low = page.back().first + '\0';
        }
        co_return Result<void>();
    }

    Result<void> take(const Key& key, const std::string& value) {
        switch (key.kind) {
            case RowKind::meta:
                meta_ = TRY(decode_meta(value));
                return {};
            case RowKind::domain:
                return take_domain(TRY(decode_domain(key, value)));
            case RowKind::name:
                return take_name(key, TRY(decode_name(key, value)));
            case RowKind::change:
                revision_ = std::max(revision_, key.number);
                TRY(decode_change(value));
                return {};
            case RowKind::removed:
                removed_.insert(key.number);
                last_account_ = std::max(last_account_, key.number);
                return {};
            case RowKind::dkim_key:
                TRY(decode_dkim_key(to_octets(key), value));
                return {};
        }
        return {};
    }

    Result<void> take_domain(Domain domain) {
        last_domain_ = std::max(last_domain_, domain.id.value);
        seen_domains_.insert(domain.name);
        if (!domain.catch_all.empty() && !normalise_target(domain.catch_all)) {
            tell("domain " + domain.name, "its catch-all was no address: it has none now");
            domain.catch_all.clear();
            put(domain_key(domain.name), encode(domain));
        }
        domains_.emplace(domain.name, std::move(domain));
        return {};
    }

    Result<void> take_name(const Key& key, NameRecord record) {
        if (auto* alias = std::get_if<Alias>(&record)) {
            const auto wrong = std::erase_if(
                alias->targets, [](const std::string& target) { return !normalise_target(target); });
            if (alias->targets.empty()) return fail(Fault::internal, "an alias without a target");
            if (wrong > 0) {
                tell("address " + key.name.key(), "targets that were no addresses are taken out");
                put(name_key(key.name), encode(record));
            }
        } else {
            const std::uint64_t id = std::get<Account>(record).id.value;
            last_account_ = std::max(last_account_, id);
            accounts_.insert(id);
        }
        seen_domains_.insert(key.name.domain);
        if (key.name.local_part.starts_with(lost_prefix)) taken_names_.insert(key.name.key());
        return {};
    }

    void mend_domains() {
        if (meta_) last_domain_ = std::max(last_domain_, meta_->last_domain);
        std::set<std::uint64_t> ids;
        for (auto& [name, domain] : domains_) {
            if (ids.insert(domain.id.value).second) continue;
            domain.id = DomainId(++last_domain_);
            put(domain_key(name), encode(domain));
            tell("domain " + name, "another had its id: it has a new one");
        }
        for (const Name& name : broken_names_) seen_domains_.insert(name.domain);
        for (const std::string& name : seen_domains_) {
            if (domains_.contains(name) || !parse_domain(name)) continue;
            const Domain domain{DomainId(++last_domain_), name, ""};
            put(domain_key(name), encode(domain));
            domains_.emplace(name, domain);
            tell("domain " + name, "its record was lost: it has one again, without a catch-all");
        }
    }

    void name_lost_accounts() {
        for (const std::uint64_t id : with_mail_) {
            last_account_ = std::max(last_account_, id);
            if (accounts_.contains(id) || removed_.contains(id)) continue;
            if (domains_.empty()) continue;  // check() says that nobody knows it
            const std::string domain =
                broken_names_.empty() ? domains_.begin()->first : broken_names_.front().domain;
            Name name{std::string(lost_prefix) + std::to_string(id), domain};
            while (taken_names_.contains(name.key())) name.local_part += '-';
            Account account;
            account.id = AccountId(id);
            account.disabled = true;
            put(name_key(name), encode(NameRecord(std::move(account))));
            accounts_.insert(id);
            tell("account " + std::to_string(id), "it has mail, and nobody knew its address: it is " +
                                                      name.key() + " now, disabled and without a password");
        }
    }

    void forget_removals() {
        for (const std::uint64_t id : removed_) {
            if (!accounts_.contains(id)) continue;
            bad_.push_back({removed_key(AccountId(id)), "", "the account is there"});
        }
    }

    void mend_meta() {
        if (!meta_ && domains_.empty() && last_account_ == 0 && bad_.empty()) return;  // never used
        Meta meta;
        if (meta_)
            meta = *meta_;
        else
            meta.secret = world_->random_octets(secret_octets);
        const Meta was = meta;
        meta.last_account = std::max(meta.last_account, last_account_);
        meta.last_domain = std::max(meta.last_domain, last_domain_);
        meta.revision = std::max(meta.revision, revision_);
        if (!meta_) tell("directory", "its meta row was lost: it has one again, with a new secret");
        if (meta_ && meta != was) tell("directory", "ids or changes were above its numbers: they are raised");
        if (meta_ && meta == was && puts_.empty() && bad_.empty()) return;
        ++meta.revision;
        put(meta_key(), encode(meta));
    }

    net::Task<Result<void>> put_rows() {
        // A row that stands in for a broken one of the same key: that one is kept first.
        std::vector<store::TakenOut> replaced;
        for (const store::TakenOut& row : bad_)
            if (puts_.contains(row.key)) replaced.push_back(row);
        if (!replaced.empty()) CO_TRY(keep_(replaced));
        for (const store::TakenOut& row : replaced) tell("directory, row " + to_hex(row.key), row.reason);
        std::erase_if(bad_, [this](const store::TakenOut& row) { return puts_.contains(row.key); });
        for (auto at = puts_.begin(); at != puts_.end();) {
            store::Batch batch(store::directory_partition);
            for (std::size_t i = 0; i < page_rows && at != puts_.end(); ++i, ++at)
                batch.put(at->first, at->second);
            CO_TRY(co_await store_->commit(std::move(batch)));
        }
        co_return Result<void>();
    }

    net::Task<Result<void>> take_out() {
        if (bad_.empty()) co_return Result<void>();
        CO_TRY(keep_(bad_));
        for (std::size_t at = 0; at < bad_.size(); at += page_rows) {
            store::Batch batch(store::directory_partition);
            for (std::size_t i = at; i < std::min(bad_.size(), at + page_rows); ++i) {
                batch.erase(bad_[i].key);
                tell(where(bad_[i].key), bad_[i].reason + ": taken out" + std::string(advice(bad_[i].key)));
            }
            CO_TRY(co_await store_->commit(std::move(batch)));
        }
        co_return Result<void>();
    }

    static std::string_view advice(const std::string& octets) {
        const auto key = parse_key(octets);
        const bool name = key && key->kind == RowKind::name;
        return name ? "; mail to it is refused until it is made again" : "";
    }
    static std::string where(const std::string& octets) {
        const auto key = parse_key(octets);
        if (key && key->kind == RowKind::name) return "address " + key->name.key();
        if (key && key->kind == RowKind::removed) return "account " + std::to_string(key->number);
        if (key && key->kind == RowKind::dkim_key)
            return "DKIM key " + key->name.local_part + " of " + key->name.domain;
        return "directory, row " + to_hex(octets);
    }

    static constexpr std::string_view lost_prefix = "lost-";

    store::Store* store_;
    net::World* world_;
    const std::set<std::uint64_t> with_mail_;
    const store::KeepRows keep_;
    std::vector<store::Problem> done_;
    std::optional<Meta> meta_;
    std::map<std::string, Domain> domains_;
    std::set<std::string> seen_domains_;  // somebody names them
    std::set<std::string> taken_names_;   // that begin as those of lost accounts
    std::vector<Name> broken_names_;
    std::set<std::uint64_t> accounts_, removed_;
    std::uint64_t last_account_ = 0, last_domain_ = 0, revision_ = 0;
    std::vector<store::TakenOut> bad_;
    std::map<std::string, std::string> puts_;
};

}  // namespace

net::Task<Result<std::vector<store::Problem>>> repair(store::Store* store, net::World* world,
                                                      std::set<std::uint64_t> with_mail,
                                                      store::KeepRows keep) {
    Repair repair(store, world, std::move(with_mail), std::move(keep));
    co_return co_await repair.run();
}

}  // namespace heliopost::directory
