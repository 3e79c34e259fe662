// Change: what one change of the directory writes, planned on a snapshot and applied to the next one.
//
// Pure. A plan is a function from a snapshot to a Change; it may run again when another change came in
// between. Internal to directory/.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "directory/snapshot.h"
#include "store/batch.h"

namespace heliopost::directory {

struct Change {
    Meta meta;  // as the snapshot's; ids are taken from it
    std::vector<std::pair<std::string, std::optional<std::string>>> rows;  // nothing: erase
    std::vector<store::Batch> also;

    void put(std::string key, std::string value) { rows.emplace_back(std::move(key), std::move(value)); }
    void erase(std::string key) { rows.emplace_back(std::move(key), std::nullopt); }
};

using Plan = std::function<Result<void>(const Snapshot& now, Change& change)>;

// What is needed to keep a snapshot's derived values without walking it: who is first in a domain.
class Order {
public:
    void add(const std::string& domain, AccountId account, std::string local_part);
    void remove(const std::string& domain, AccountId account);
    Name first(const std::string& domain) const;

    void add_domain(DomainId id, std::string name) { domains_.emplace(id, std::move(name)); }
    void remove_domain(DomainId id) { domains_.erase(id); }
    std::string first_domain() const { return domains_.empty() ? "" : domains_.begin()->second; }

private:
    std::map<std::string, std::map<AccountId, std::string>> accounts_;  // by domain
    std::map<DomainId, std::string> domains_;
};

// Takes one row into the snapshot; nothing: the row is gone. Domains must come before their names. Fails with
// Fault::internal for a damaged row, leaving the snapshot as it was.
Result<void> apply(Snapshot& snapshot, Order& order, const std::string& key,
                   const std::optional<std::string>& value);

// The plans behind Directory's members.
Plan plan_add_domain(std::string name);
Plan plan_catch_all(std::string domain, std::string address);
Plan plan_remove_domain(std::string name);
Plan plan_account(std::function<Result<void>(Account&)> edit, std::string address);
Plan plan_remove_account(std::string address);
Plan plan_put_alias(Alias alias);
Plan plan_remove_alias(std::string address);

}  // namespace heliopost::directory
