#include "directory/records.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "directory/check.h"
#include "directory/dkim_key.h"
#include "store/tuple.h"

namespace heliopost::directory {
namespace {

const Key ann_key{RowKind::name, {"ann", "a.example"}, 0};

Account sample() {
    Account account;
    account.id = AccountId(7);
    account.address = "ann@a.example";
    account.display_name = "Ann \xff";
    account.quota_octets = 1ULL << 40U;
    account.disabled = true;
    account.password_hash = "$argon2id$...";
    account.scram_salt = std::string("\0salt", 5);
    account.scram_stored_key = "stored";
    account.scram_server_key = "server";
    account.scram_iterations = 100'000;
    return account;
}

}  // namespace

TEST_CASE("records: what is written is read, and no truncation is another record") {
    const std::string octets = encode(NameRecord(sample()));
    const auto read = decode_name(ann_key, octets);
    REQUIRE(read.has_value());
    CHECK(encode(*read) == octets);
    CHECK(std::get<Account>(*read).address == "ann@a.example");
    CHECK(std::get<Account>(*read).scram_salt == std::string("\0salt", 5));
    for (std::size_t length = 0; length < octets.size(); ++length)
        CHECK_FALSE(decode_name(ann_key, octets.substr(0, length)).has_value());
    const Meta meta{3, 2, 1, std::string(32, 's')};
    CHECK(decode_meta(encode(meta)) == meta);
    CHECK_FALSE(decode_meta("").has_value());
    CHECK_FALSE(decode_domain({RowKind::domain, {"", "a.example"}, 0}, "").has_value());
    const std::vector<std::string> keys{meta_key(), name_key(ann_key.name)};
    CHECK(decode_change(encode_change(keys)) == keys);
}

TEST_CASE("records: keys are read back, and sort as docs/format-directory.md says") {
    const Key keys[] = {
        {RowKind::meta, {}, 0},
        {RowKind::domain, {"", "a.example"}, 0},
        {RowKind::domain, {"", "b.example"}, 0},
        {RowKind::name, {"ann", "a.example"}, 0},
        {RowKind::name, {"ann+x", "a.example"}, 0},
        {RowKind::name, {"aa", "b.example"}, 0},
        {RowKind::change, {}, 1},
        {RowKind::change, {}, 1'000},
        {RowKind::removed, {}, 7},
        {RowKind::dkim_key, {"20261123e", "a.example"}, 0},
        {RowKind::dkim_key, {"20261123r", "a.example"}, 0},
    };
    std::vector<std::string> octets;
    for (const Key& key : keys) {
        octets.push_back(to_octets(key));
        CHECK(parse_key(octets.back()) == key);
        CHECK_FALSE(parse_key(octets.back() + "x").has_value());
    }
    CHECK(std::ranges::is_sorted(octets));
    CHECK_FALSE(parse_key("").has_value());
    CHECK_FALSE(parse_key("\x7f").has_value());
}

TEST_CASE("records: a DKIM key is read as it was written, and no truncation is another one") {
    DkimKey key;
    key.domain = "a.example";
    key.selector = "20261123r";
    key.state = DkimKey::State::retiring;
    key.created = from_unix_milliseconds(1'795'000'000'000);
    key.since = from_unix_milliseconds(1'795'000'000'001);
    key.public_key = std::string("\0public", 7);
    key.sealed = std::string("\xff\0sealed", 8);
    key.server_key = "0123";
    const std::string row = dkim_key_key(key.domain, key.selector), octets = encode(key);
    CHECK(row >= dkim_keys_begin());
    CHECK(row < dkim_keys_end());
    CHECK(dkim_keys_begin().size() == 1);
    CHECK(decode_dkim_key(row, octets) == key);
    CHECK_FALSE(decode_dkim_key(name_key({"ann", "a.example"}), octets).has_value());
    for (std::size_t length = 0; length < octets.size(); ++length) {
        const auto read = decode_dkim_key(row, octets.substr(0, length));
        CHECK((!read || *read != key));
    }
    Check check;
    check.row(row, octets);
    CHECK(check.findings().empty());
    check.row(row, "");
    REQUIRE(check.findings().size() == 1);
    CHECK(check.findings()[0].where == "DKIM key 20261123r of a.example");
}

TEST_CASE("check: a sound directory has no findings, a damaged one has each of them") {
    const std::string meta = encode(Meta{9, 7, 1, std::string(32, 's')});
    const std::string domain = encode(Domain{DomainId(1), "a.example", ""});
    const auto findings = [&](const std::vector<std::pair<std::string, std::string>>& rows) {
        Check check;
        for (const auto& [key, value] : rows) check.row(key, value);
        check.finish();
        return check.findings().size();
    };
    const std::string ann = encode(NameRecord(sample()));
    Account late = sample();
    late.id = AccountId(8);
    const std::string never_given = encode(NameRecord(late));
    const std::string bad_alias = encode(NameRecord(Alias{"", {"no address"}, false}));
    const std::pair<std::string, std::string> meta_row{meta_key(), meta};
    const std::pair<std::string, std::string> domain_row{domain_key("a.example"), domain};
    const auto name_row = [](const char* local, const std::string& value) {
        return std::pair{name_key({local, "a.example"}), value};
    };
    CHECK(findings({meta_row, domain_row, name_row("ann", ann)}) == 0);
    CHECK(findings({domain_row}) == 1);
    CHECK(findings({meta_row, name_row("ann", ann)}) == 1);
    CHECK(findings({meta_row, domain_row, name_row("ann", ann), name_row("bob", ann)}) == 1);
    CHECK(findings({meta_row, domain_row, name_row("ann", never_given)}) == 1);
    CHECK(findings({meta_row, domain_row, name_row("ann", bad_alias)}) == 1);
    CHECK(findings({meta_row, domain_row, name_row("ann", "")}) == 1);
    CHECK(findings({meta_row, domain_row, name_row("ann", ann), {removed_key(AccountId(7)), ""}}) == 1);
    CHECK(findings({meta_row, {"\x7f", ""}}) == 1);
}

}  // namespace heliopost::directory
