#include "directory/records.h"

#include "base/assert.h"
#include "directory/directory.pb.h"
#include "proto/smtp/address.h"
#include "store/tuple.h"

namespace heliopost::directory {
namespace {

std::unexpected<Error> damaged(const char* what) {
    return fail(Fault::internal, std::string("damaged directory record: ") + what);
}

template <class Record>
Result<Record> parse(std::string_view octets, const char* what) {
    Record record;
    if (!record.ParseFromArray(octets.data(), static_cast<int>(octets.size()))) return damaged(what);
    return record;
}

std::string address_of(const Name& name) {
    return smtp::to_string(smtp::Address{name.local_part, name.domain});
}

Result<Account> account_of(const record::Account& from, const Name& name) {
    Account account;
    account.id = AccountId(from.id());
    account.address = address_of(name);
    account.display_name = from.display_name();
    account.quota_octets = from.quota_octets();
    account.disabled = from.disabled();
    account.password_hash = from.password_hash();
    account.scram_salt = from.scram_salt();
    account.scram_stored_key = from.scram_stored_key();
    account.scram_server_key = from.scram_server_key();
    account.scram_iterations = from.scram_iterations();
    if (account.id.value == 0) return damaged("account without id");
    return account;
}

Result<Alias> alias_of(const record::Alias& from, const Name& name) {
    Alias alias{address_of(name), {}, from.group()};
    if (from.targets().empty()) return damaged("alias without targets");
    if (static_cast<std::size_t>(from.targets_size()) > alias_targets_max) return damaged("alias too long");
    alias.targets.assign(from.targets().begin(), from.targets().end());
    return alias;
}

}  // namespace

std::string meta_key() {
    return to_octets({RowKind::meta, {}, 0});
}
std::string domain_key(std::string_view domain) {
    return to_octets({RowKind::domain, {"", std::string(domain)}, 0});
}
std::string name_key(const Name& name) {
    return to_octets({RowKind::name, name, 0});
}
std::string change_key(std::uint64_t revision) {
    return to_octets({RowKind::change, {}, revision});
}
std::string removed_key(AccountId account) {
    return to_octets({RowKind::removed, {}, account.value});
}

std::string to_octets(const Key& key) {
    store::Tuple tuple;
    tuple.u8(static_cast<std::uint8_t>(key.kind));
    switch (key.kind) {
        case RowKind::meta:
            break;
        case RowKind::domain:
            tuple.text(key.name.domain);
            break;
        case RowKind::name:
        case RowKind::dkim_key:
            tuple.text(key.name.domain).text(key.name.local_part);
            break;
        case RowKind::change:
        case RowKind::removed:
            tuple.u64(key.number);
            break;
    }
    return tuple.str();
}

Result<Key> parse_key(std::string_view octets) {
    store::TupleReader reader(octets);
    const std::uint8_t kind = TRY(reader.u8());
    if (kind > static_cast<std::uint8_t>(RowKind::dkim_key)) return damaged("unknown key");
    Key key{static_cast<RowKind>(kind), {}, 0};
    const bool two = key.kind == RowKind::name || key.kind == RowKind::dkim_key;
    if (key.kind == RowKind::domain || two) key.name.domain = TRY(reader.text());
    if (two) key.name.local_part = TRY(reader.text());
    if (key.kind == RowKind::change || key.kind == RowKind::removed) key.number = TRY(reader.u64());
    if (!reader.done()) return damaged("key too long");
    return key;
}

std::string encode(const Meta& meta) {
    ASSERT(meta.secret.size() == secret_octets);
    record::Meta to;
    to.set_revision(meta.revision);
    to.set_last_account(meta.last_account);
    to.set_last_domain(meta.last_domain);
    to.set_secret(meta.secret);
    return to.SerializeAsString();
}

std::string encode(const Domain& domain) {
    ASSERT(domain.id.value != 0);
    record::Domain to;
    to.set_id(domain.id.value);
    to.set_catch_all(domain.catch_all);
    return to.SerializeAsString();
}

std::string encode(const NameRecord& record) {
    record::Name to;
    if (const auto* account = std::get_if<Account>(&record)) {
        ASSERT(account->id.value != 0);
        record::Account& row = *to.mutable_account();
        row.set_id(account->id.value);
        row.set_display_name(account->display_name);
        row.set_quota_octets(account->quota_octets);
        row.set_disabled(account->disabled);
        row.set_password_hash(account->password_hash);
        row.set_scram_salt(account->scram_salt);
        row.set_scram_stored_key(account->scram_stored_key);
        row.set_scram_server_key(account->scram_server_key);
        row.set_scram_iterations(account->scram_iterations);
    } else {
        const Alias& alias = std::get<Alias>(record);
        ASSERT(!alias.targets.empty());
        for (const std::string& target : alias.targets) to.mutable_alias()->add_targets(target);
        to.mutable_alias()->set_group(alias.group);
    }
    return to.SerializeAsString();
}

std::string encode_change(const std::vector<std::string>& keys) {
    record::Change to;
    for (const std::string& key : keys) to.add_keys(key);
    return to.SerializeAsString();
}

Result<Meta> decode_meta(std::string_view octets) {
    const auto from = TRY(parse<record::Meta>(octets, "meta"));
    if (from.secret().size() != secret_octets) return damaged("secret");
    return Meta{from.revision(), from.last_account(), from.last_domain(), from.secret()};
}

Result<Domain> decode_domain(const Key& key, std::string_view octets) {
    const auto from = TRY(parse<record::Domain>(octets, "domain"));
    if (from.id() == 0) return damaged("domain without id");
    return Domain{DomainId(from.id()), key.name.domain, from.catch_all()};
}

Result<NameRecord> decode_name(const Key& key, std::string_view octets) {
    const auto from = TRY(parse<record::Name>(octets, "name"));
    if (from.has_account()) return NameRecord(TRY(account_of(from.account(), key.name)));
    if (from.has_alias()) return NameRecord(TRY(alias_of(from.alias(), key.name)));
    return damaged("name of unknown kind");
}

Result<std::vector<std::string>> decode_change(std::string_view octets) {
    const auto from = TRY(parse<record::Change>(octets, "change"));
    return std::vector<std::string>(from.keys().begin(), from.keys().end());
}

}  // namespace heliopost::directory
