#include "directory/repair.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "directory/check.h"
#include "directory/dkim_key.h"
#include "directory/records.h"
#include "store/test_host.h"

namespace heliopost::directory {
namespace {

// A domain, an account and an alias, written row by row.
struct Damaged : store::TestHost {
    std::vector<store::TakenOut> taken;
    std::vector<std::string> said;

    void put(std::string key, std::string value) {
        store::Batch batch(store::directory_partition);
        batch.put(std::move(key), std::move(value));
        REQUIRE(run(store->commit(std::move(batch))).has_value());
    }
    Damaged() : TestHost("mx.a.example", {"192.0.2.1"}) {
        put(meta_key(), encode(Meta{5, 7, 2, std::string(secret_octets, 's')}));
        put(domain_key("a.example"), encode(Domain{DomainId(1), "a.example", ""}));
        Account ann;
        ann.id = AccountId(7);
        put(name_key({"ann", "a.example"}), encode(NameRecord(ann)));
        put(name_key({"all", "a.example"}), encode(NameRecord(Alias{"", {"ann@a.example"}, false})));
    }
    // The values after it, by key.
    std::map<std::string, std::string> repair(std::set<std::uint64_t> with_mail = {7}) {
        for (int round = 0; round < 2; ++round) {
            const auto done =
                run(directory::repair(store.get(), world, with_mail, [&](auto rows) -> Result<> {
                    std::ranges::move(rows, std::back_inserter(taken));
                    return {};
                }));
            REQUIRE(done.has_value());
            if (round == 1) CHECK(done->empty());  // once is enough
            for (const auto& problem : *done) said.push_back(problem.line());
        }
        Check check;
        std::map<std::string, std::string> rows;
        for (auto& [key, value] :
             *run(store->scan(store::directory_partition, "", "", 1'000, store::Direction::forward))) {
            check.row(key, value);
            rows.emplace(key, value);
        }
        check.finish();
        CHECK(check.findings().empty());
        return rows;
    }
    bool told(std::string_view what) const {
        return std::ranges::any_of(said, [&](const std::string& line) { return line.contains(what); });
    }
};

}  // namespace

TEST_CASE_FIXTURE(Damaged, "repair: a sound directory is left alone") {
    const auto rows = repair();
    CHECK(said.empty());
    CHECK(decode_meta(rows.at(meta_key()))->revision == 5);
}

TEST_CASE_FIXTURE(Damaged, "repair: targets that are no addresses go, and an alias without any") {
    put(name_key({"all", "a.example"}),
        encode(NameRecord(Alias{"", {"no address", "ann@a.example"}, false})));
    put(name_key({"none", "a.example"}), encode(NameRecord(Alias{"", {"no address"}, false})));
    put(domain_key("b.example"), encode(Domain{DomainId(1), "b.example", "no address"}));
    const auto rows = repair();
    const auto all =
        decode_name(*parse_key(name_key({"all", "a.example"})), rows.at(name_key({"all", "a.example"})));
    REQUIRE(all.has_value());
    CHECK(std::get<Alias>(*all).targets == std::vector<std::string>{"ann@a.example"});
    CHECK_FALSE(rows.contains(name_key({"none", "a.example"})));
    const auto domain = decode_domain(*parse_key(domain_key("b.example")), rows.at(domain_key("b.example")));
    REQUIRE(domain.has_value());
    CHECK(domain->catch_all.empty());
    CHECK(domain->id == DomainId(3));  // a.example has 1, and 2 was given out once
    CHECK(decode_meta(rows.at(meta_key()))->last_domain == 3);
    CHECK(decode_meta(rows.at(meta_key()))->revision == 6);
    REQUIRE(taken.size() == 1);
    CHECK(taken[0].key == name_key({"none", "a.example"}));
}

TEST_CASE_FIXTURE(Damaged,
                  "repair: a lost account's name is one that nobody has; a DKIM key that is broken goes") {
    put(name_key({"lost-9", "a.example"}), encode(NameRecord(Alias{"", {"ann@a.example"}, false})));
    put(dkim_key_key("a.example", "s1"), "x");
    const auto rows = repair({7, 9});
    CHECK(told("lost-9-@a.example"));
    CHECK(told("DKIM key s1 of a.example"));
    const auto lost = decode_name(*parse_key(name_key({"lost-9-", "a.example"})),
                                  rows.at(name_key({"lost-9-", "a.example"})));
    REQUIRE(lost.has_value());
    CHECK(std::get<Account>(*lost).disabled);
    CHECK(decode_meta(rows.at(meta_key()))->last_account == 9);
    CHECK_FALSE(rows.contains(dkim_key_key("a.example", "s1")));
}

TEST_CASE_FIXTURE(Damaged, "repair: what cannot be kept is not taken out") {
    put(name_key({"ann", "a.example"}), "x");
    const auto done = run(directory::repair(store.get(), world, {7}, [](auto) -> Result<> {
        return fail(Fault::temporary, "the disk is full");
    }));
    CHECK_FALSE(done.has_value());
    CHECK(run(store->get(store::directory_partition, name_key({"ann", "a.example"})))->has_value());
}

}  // namespace heliopost::directory
