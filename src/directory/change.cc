#include "directory/change.h"

#include <algorithm>

#include "base/assert.h"

namespace heliopost::directory {
namespace {

std::unexpected<Error> no_domain() {
    return fail(Fault::not_found, "no such domain");
}

void apply_domain(Snapshot& snapshot, Order& order, const std::string& name, std::optional<Domain> domain) {
    const HostedDomain* known = snapshot.domains.find(name);
    if (domain) {
        order.add_domain(domain->id, name);
        HostedDomain next = known != nullptr ? *known : HostedDomain{};
        next.domain = std::move(*domain);
        snapshot.domains.put(name, std::move(next));
    } else if (known != nullptr) {
        order.remove_domain(known->domain.id);
        snapshot.domains.erase(name);
    }
    snapshot.first_domain = order.first_domain();
}

void forget_name(Snapshot& snapshot, Order& order, const Name& name, HostedDomain& hosted) {
    const NameRecord* known = snapshot.names.find(name.key());
    if (known == nullptr) return;
    if (const auto* account = std::get_if<Account>(known)) {
        order.remove(name.domain, account->id);
        snapshot.by_account.erase(account_index(account->id));
    }
    --hosted.names;
    snapshot.names.erase(name.key());
}

Result<void> apply_name(Snapshot& snapshot, Order& order, const Name& name,
                        std::optional<NameRecord> record) {
    const HostedDomain* known = snapshot.domains.find(name.domain);
    if (known == nullptr) {
        if (!record) return {};
        return fail(Fault::internal, "damaged directory record: name without domain");
    }
    HostedDomain hosted = *known;
    forget_name(snapshot, order, name, hosted);
    if (record) {
        ++hosted.names;
        if (const auto* account = std::get_if<Account>(&*record)) {
            order.add(name.domain, account->id, name.local_part);
            snapshot.by_account.put(account_index(account->id), name);
        }
        snapshot.names.put(name.key(), std::move(*record));
    }
    hosted.first_account = order.first(name.domain);
    snapshot.domains.put(name.domain, std::move(hosted));
    return {};
}

}  // namespace

void Order::add(const std::string& domain, AccountId account, std::string local_part) {
    accounts_[domain][account] = std::move(local_part);
}

void Order::remove(const std::string& domain, AccountId account) {
    const auto at = accounts_.find(domain);
    if (at == accounts_.end()) return;
    at->second.erase(account);
    if (at->second.empty()) accounts_.erase(at);
}

Name Order::first(const std::string& domain) const {
    const auto at = accounts_.find(domain);
    return at == accounts_.end() ? Name{} : Name{at->second.begin()->second, domain};
}

Result<void> apply(Snapshot& snapshot, Order& order, const std::string& octets,
                   const std::optional<std::string>& value) {
    const Key key = TRY(parse_key(octets));
    switch (key.kind) {
        case RowKind::domain: {
            std::optional<Domain> domain;
            if (value) domain = TRY(decode_domain(key, *value));
            apply_domain(snapshot, order, key.name.domain, std::move(domain));
            return {};
        }
        case RowKind::name: {
            std::optional<NameRecord> record;
            if (value) record = TRY(decode_name(key, *value));
            return apply_name(snapshot, order, key.name, std::move(record));
        }
        case RowKind::meta:
        case RowKind::change:
        case RowKind::removed:
        case RowKind::dkim_key:  // signing/ reads them
            return {};
    }
    return {};
}

Plan plan_add_domain(std::string name) {
    return [name = std::move(name)](const Snapshot& now, Change& change) -> Result<void> {
        const std::string domain = TRY(parse_domain(name));
        if (now.domains.find(domain) != nullptr) return fail(Fault::exists, "the domain exists");
        change.put(domain_key(domain), encode(Domain{DomainId(++change.meta.last_domain), domain, ""}));
        return {};
    };
}

Plan plan_catch_all(std::string domain, std::string address) {
    return [domain = std::move(domain), address = std::move(address)](const Snapshot& now,
                                                                      Change& change) -> Result<void> {
        const HostedDomain* hosted = now.domains.find(TRY(parse_domain(domain)));
        if (hosted == nullptr) return no_domain();
        Domain next = hosted->domain;
        next.catch_all = address.empty() ? "" : TRY(normalise_target(address));
        change.put(domain_key(next.name), encode(next));
        return {};
    };
}

Plan plan_remove_domain(std::string name) {
    return [name = std::move(name)](const Snapshot& now, Change& change) -> Result<void> {
        const std::string domain = TRY(parse_domain(name));
        const HostedDomain* hosted = now.domains.find(domain);
        if (hosted == nullptr) return no_domain();
        if (hosted->names > 0) return fail(Fault::denied, "the domain still has accounts or aliases");
        change.erase(domain_key(domain));
        return {};
    };
}

Plan plan_account(std::function<Result<void>(Account&)> edit, std::string address) {
    return [edit = std::move(edit), address = std::move(address)](const Snapshot& now,
                                                                  Change& change) -> Result<void> {
        const Name name = TRY(parse_name(address));
        const Account* account = now.account(name.key());
        if (account == nullptr) return fail(Fault::not_found, "no such account");
        Account next = *account;
        TRY(edit(next));
        change.put(name_key(name), encode(NameRecord(std::move(next))));
        return {};
    };
}

Plan plan_remove_account(std::string address) {
    return [address = std::move(address)](const Snapshot& now, Change& change) -> Result<void> {
        const Name name = TRY(parse_name(address));
        const Account* account = now.account(name.key());
        if (account == nullptr) return fail(Fault::not_found, "no such account");
        change.put(removed_key(account->id), "");
        change.erase(name_key(name));
        return {};
    };
}

Plan plan_put_alias(Alias alias) {
    return [alias = std::move(alias)](const Snapshot& now, Change& change) -> Result<void> {
        const Name name = TRY(parse_new_name(alias.address));
        if (now.domains.find(name.domain) == nullptr) return no_domain();
        if (now.account(name.key()) != nullptr) return fail(Fault::exists, "the address is an account's");
        if (alias.targets.empty()) return fail(Fault::syntax, "an alias needs a target");
        if (alias.targets.size() > alias_targets_max) return fail(Fault::too_large, "too many targets");
        Alias next{alias.address, {}, alias.group};
        std::set<std::string> once;
        for (const std::string& target : alias.targets) {
            std::string normal = TRY(normalise_target(target));
            if (once.insert(normal).second) next.targets.push_back(std::move(normal));
        }
        std::string row = encode(NameRecord(std::move(next)));
        if (row.size() > name_octets_max) return fail(Fault::too_large, "too many targets");
        change.put(name_key(name), std::move(row));
        return {};
    };
}

Plan plan_remove_alias(std::string address) {
    return [address = std::move(address)](const Snapshot& now, Change& change) -> Result<void> {
        const Name name = TRY(parse_name(address));
        const NameRecord* record = now.names.find(name.key());
        if (record == nullptr || !std::holds_alternative<Alias>(*record))
            return fail(Fault::not_found, "no such alias");
        change.erase(name_key(name));
        return {};
    };
}

}  // namespace heliopost::directory
