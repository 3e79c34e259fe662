#include "directory/check.h"

#include "base/base64.h"
#include "directory/dkim_key.h"

namespace heliopost::directory {
namespace {

std::unexpected<Error> wrong(std::string what) {
    return fail(Fault::internal, std::move(what));
}

}  // namespace

void Check::row(std::string_view octets, std::string_view value) {
    const auto key = parse_key(octets);
    const Result<void> sound = key ? look_at(*key, value) : std::unexpected(key.error());
    if (sound) return;
    std::string where = "directory, row " + to_hex(octets);
    if (key && key->kind == RowKind::domain) where = "domain " + key->name.domain;
    if (key && key->kind == RowKind::name) where = "address " + key->name.key();
    if (key && key->kind == RowKind::dkim_key)
        where = "DKIM key " + key->name.local_part + " of " + key->name.domain;
    found(store::Harm::lost, std::move(where), sound.error().text);
}

void Check::found(store::Harm harm, std::string where, std::string what) {
    if (findings_.size() < store::check_problems_max)
        findings_.push_back({harm, std::move(where), std::move(what)});
    else
        findings_.back() = {store::Harm::lost, "directory", "there are more problems"};
}

Result<void> Check::look_at(const Key& key, std::string_view value) {
    switch (key.kind) {
        case RowKind::meta:
            meta_ = TRY(decode_meta(value));
            return {};
        case RowKind::domain: {
            const Domain domain = TRY(decode_domain(key, value));
            domains_.insert(domain.name);
            if (!domain_ids_.insert(domain.id.value).second) return wrong("two domains have one id");
            if (meta_ && domain.id.value > meta_->last_domain) return wrong("domain id was never given out");
            if (!domain.catch_all.empty() && !normalise_target(domain.catch_all))
                return wrong("catch-all is no address");
            return {};
        }
        case RowKind::name:
            return look_at_name(key, value);
        case RowKind::change:
            TRY(decode_change(value));
            return {};
        case RowKind::removed:
            removed_.insert(key.number);
            return {};
        case RowKind::dkim_key:  // of a domain that was removed, too, until the server has seen to it
            TRY(decode_dkim_key(to_octets(key), value));
            return {};
    }
    return {};
}

Result<void> Check::look_at_name(const Key& key, std::string_view value) {
    const NameRecord record = TRY(decode_name(key, value));
    if (!domains_.contains(key.name.domain)) return wrong("name without domain");
    if (const auto* alias = std::get_if<Alias>(&record)) {
        for (const std::string& target : alias->targets)
            if (!normalise_target(target)) return wrong("alias target is no address");
        return {};
    }
    const std::uint64_t id = std::get<Account>(record).id.value;
    if (!accounts_.emplace(id, key.name.key()).second) return wrong("two accounts have one id");
    if (meta_ && id > meta_->last_account) return wrong("account id was never given out");
    return {};
}

void Check::finish() {
    if (!meta_ && !domains_.empty()) found(store::Harm::lost, "directory", "the meta row is missing");
    for (const std::uint64_t id : removed_)
        if (accounts_.contains(id))
            found(store::Harm::wrong, "account " + accounts_.at(id), "it is listed as removed, and is there");
}

}  // namespace heliopost::directory
