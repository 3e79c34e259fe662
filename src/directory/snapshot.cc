#include "directory/snapshot.h"

#include <set>
#include <unordered_set>

#include "base/text.h"
#include "proto/smtp/address.h"
#include "store/tuple.h"

namespace heliopost::directory {
namespace {

// What one name of ours is: a record, or a domain's catch-all.
struct Found {
    const NameRecord* record = nullptr;
    std::string key;        // of the record; "@domain" for a catch-all
    std::string detail;     // behind the "+": RFC 5233 §4
    std::string catch_all;  // the address; empty: record is set
};

// RFC 5321 §4.5.1, RFC 2142 §2
bool is_role(std::string_view local_part) {
    return local_part == "postmaster" || local_part == "abuse";
}

std::optional<Found> find(const Snapshot& snapshot, const HostedDomain& domain, const Name& name,
                          Fallback fallback) {
    if (const NameRecord* record = snapshot.names.find(name.key())) return Found{record, name.key(), "", ""};

    std::string_view base = name.local_part;
    std::string detail;
    if (const size_t plus = base.find('+'); plus != std::string_view::npos && plus > 0) {
        detail = base.substr(plus + 1);
        base = base.substr(0, plus);
        std::string key = Name{std::string(base), name.domain}.key();
        if (const NameRecord* record = snapshot.names.find(key))
            return Found{record, std::move(key), std::move(detail), ""};
    }
    if (fallback == Fallback::none) return std::nullopt;
    if (is_role(base) && !domain.first_account.local_part.empty()) {
        std::string key = domain.first_account.key();
        if (const NameRecord* record = snapshot.names.find(key))
            return Found{record, std::move(key), std::move(detail), ""};
    }
    if (domain.domain.catch_all.empty()) return std::nullopt;
    return Found{nullptr, "@" + name.domain, "", domain.domain.catch_all};
}

// Follows aliases breadth first; every alias once, so that a loop ends where it closes.
class Expansion {
public:
    Expansion(const Snapshot& snapshot, Fallback fallback) : snapshot_(snapshot), fallback_(fallback) {}

    // False: nobody.
    Result<bool> name_of_ours(const HostedDomain& domain, const Name& name, const std::string& detail) {
        const std::optional<Found> found = find(snapshot_, domain, name, fallback_);
        if (!found) return false;
        const std::string& kept = found->detail.empty() ? detail : found->detail;
        if (found->record == nullptr) {
            if (seen_.insert(found->key).second) next_.push_back({found->catch_all, kept});
            return true;
        }
        if (const auto* account = std::get_if<Account>(found->record)) {
            if (accounts_.insert(account->id.value).second)
                result_.accounts.push_back({account->id, account->address, kept, account->quota_octets});
            return true;
        }
        if (!seen_.insert(found->key).second) return true;
        const Alias& alias = std::get<Alias>(*found->record);
        for (const std::string& target : alias.targets) {
            TRY(count());
            next_.push_back({target, kept});
        }
        return true;
    }

    Result<Resolution> finish() {
        for (size_t depth = 0; !next_.empty(); ++depth) {
            if (depth == alias_depth_max) return fail(Fault::temporary, "aliases nested too deep");
            const std::vector<Target> level = std::exchange(next_, {});
            for (const Target& target : level) TRY(follow(target));
        }
        const bool nobody = result_.accounts.empty() && result_.forwards.empty();
        result_.kind = nobody ? Resolution::Kind::no_such_user : Resolution::Kind::local;
        return std::move(result_);
    }

private:
    struct Target {
        std::string address;
        std::string detail;
    };

    Result<> follow(const Target& target) {
        const auto parsed = smtp::parse_address(target.address);
        if (!parsed) return {};  // checked when it was put; fsck reports it
        const auto domain = smtp::normalise_domain(parsed->domain);
        if (!domain) return {};
        const HostedDomain* hosted = snapshot_.domains.find(*domain);
        if (hosted == nullptr) {
            if (forwards_.insert(target.address).second) result_.forwards.push_back(target.address);
            return {};
        }
        const auto local_part = fold_local_part(parsed->local_part);
        if (!local_part) return {};
        TRY(name_of_ours(*hosted, {*local_part, *domain}, target.detail));
        return {};
    }

    Result<> count() {
        if (++reached_ > recipients_expanded_max)
            return fail(Fault::temporary, "alias has too many recipients");
        return {};
    }

    const Snapshot& snapshot_;
    Fallback fallback_;
    Resolution result_;
    std::vector<Target> next_;
    std::set<std::string> seen_;
    std::set<std::uint64_t> accounts_;
    std::set<std::string> forwards_;
    size_t reached_ = 0;
};

Resolution only(Resolution::Kind kind) {
    Resolution resolution;
    resolution.kind = kind;
    return resolution;
}

}  // namespace

std::string account_index(AccountId id) {
    return store::Tuple().u64(id.value).str();
}

const Account* Snapshot::account(std::string_view key) const {
    const NameRecord* record = names.find(key);
    return record != nullptr ? std::get_if<Account>(record) : nullptr;
}

const Account* Snapshot::account(AccountId id) const {
    const Name* name = by_account.find(account_index(id));
    return name != nullptr ? account(name->key()) : nullptr;
}

Result<Resolution> resolve(const Snapshot& snapshot, std::string_view local_part, std::string_view domain,
                           Fallback fallback) {
    using enum Resolution::Kind;
    std::string hosted_name = snapshot.first_domain;
    if (!domain.empty()) {
        auto normal = smtp::normalise_domain(domain);
        if (!normal) return only(not_local);
        hosted_name = std::move(*normal);
    } else if (!same_ignoring_case(local_part, "postmaster")) {  // RFC 5321 §4.1.1.3
        return only(no_such_user);
    }
    const HostedDomain* hosted = snapshot.domains.find(hosted_name);
    if (hosted == nullptr) return only(domain.empty() ? no_such_user : not_local);
    const auto folded = fold_local_part(local_part);
    if (!folded) return only(no_such_user);

    Expansion expansion(snapshot, fallback);
    TRY(expansion.name_of_ours(*hosted, {*folded, hosted_name}, ""));
    return expansion.finish();
}

}  // namespace heliopost::directory
