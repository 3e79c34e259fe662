#include "directory/directory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "directory/change.h"
#include "directory/password.h"
#include "net/task_group.h"
#include "store/test_host.h"

namespace heliopost::directory {
namespace {

struct WithDirectory : store::TestHost {
    std::unique_ptr<Directory> directory = make_directory(*store, *world);

    WithDirectory() {
        REQUIRE(run(directory->load()).has_value());
        REQUIRE(run(directory->add_domain("a.example")).has_value());
    }
    AccountId add(const std::string& address) {
        const auto account = run(directory->add_account({address, "", "secret-password", 0, false}, nullptr));
        REQUIRE(account.has_value());
        return account->id;
    }
    Result<void> alias(const std::string& address, std::vector<std::string> targets) {
        return run(directory->put_alias({address, std::move(targets), false}));
    }
    // "ann@a.example(detail) >foreign@b.example", "not_local", "no_such_user" or "!fault"
    std::string resolve(const std::string& local, const std::string& domain) {
        const auto got = run(directory->resolve(local, domain));
        if (!got) return "!" + std::to_string(static_cast<int>(got.error().fault));
        if (got->kind == Resolution::Kind::not_local) return "not_local";
        if (got->kind == Resolution::Kind::no_such_user) return "no_such_user";
        std::ostringstream out;
        for (const auto& mailbox : got->accounts)
            out << (out.tellp() > 0 ? " " : "") << mailbox.address
                << (mailbox.detail.empty() ? "" : "(" + mailbox.detail + ")");
        for (const auto& forward : got->forwards) out << (out.tellp() > 0 ? " " : "") << ">" << forward;
        return out.str();
    }
    void restart() {
        directory.reset();
        store = std::make_unique<store::MemoryStore>(*world, disk, store::MemoryStore::Options{});
        directory = make_directory(*store, *world);
        REQUIRE(run(directory->load()).has_value());
    }
};

Fault fault_of(const auto& result) {
    return result ? Fault::internal : result.error().fault;
}

}  // namespace

TEST_CASE_FIXTURE(WithDirectory, "resolve: accounts, subaddresses, aliases, fallbacks and strangers") {
    add("ann@a.example");
    add("bob@a.example");
    add("bob+exact@a.example");
    REQUIRE(alias("sales@a.example", {"ann@a.example", "bob@a.example", "x@b.example", "ann@a.example"}));
    REQUIRE(alias("nested@a.example", {"sales@a.example", "ann+n@a.example", "X@b.example"}));
    REQUIRE(alias("dead@a.example", {"gone@a.example"}));
    REQUIRE(alias("half@a.example", {"gone@a.example", "bob@a.example"}));
    struct Case {
        std::string local, domain, want;
    };
    const Case cases[] = {
        {"ann", "a.example", "ann@a.example"},
        {"ANN", "A.EXAMPLE", "ann@a.example"},
        {"ann+lists.x", "a.example", "ann@a.example(lists.x)"},
        {"ann+a+b", "a.example", "ann@a.example(a+b)"},
        {"bob+exact", "a.example", "bob+exact@a.example"},  // the exact name wins
        {"bob+other", "a.example", "bob@a.example(other)"},
        {"+ann", "a.example", "no_such_user"},
        {"sales", "a.example", "ann@a.example bob@a.example >x@b.example"},
        {"sales+q", "a.example", "ann@a.example(q) bob@a.example(q) >x@b.example"},
        {"nested", "a.example", "ann@a.example(n) bob@a.example >X@b.example >x@b.example"},
        {"dead", "a.example", "no_such_user"},
        {"half", "a.example", "bob@a.example"},
        {"nobody", "a.example", "no_such_user"},
        {"ann", "b.example", "not_local"},
        {"ann", "[192.0.2.1]", "not_local"},
        {"ann", "", "no_such_user"},
        {"postmaster", "", "ann@a.example"},  // RFC 5321 §4.5.1
        {"PostMaster", "", "ann@a.example"},
        {"Postmaster", "a.example", "ann@a.example"},
        {"abuse", "a.example", "ann@a.example"},
        {"abuse+x", "a.example", "ann@a.example(x)"},
        {"webmaster", "a.example", "no_such_user"},
        {"ann", "not a domain", "not_local"},
        {"ann", std::string("a.example\0", 10), "not_local"},
    };
    for (const auto& [local, domain, want] : cases) {
        CAPTURE(local);
        CAPTURE(domain);
        CHECK(resolve(local, domain) == want);
    }
    REQUIRE(alias("postmaster@a.example", {"bob@a.example"}));
    CHECK(resolve("postmaster", "") == "bob@a.example");
    CHECK(resolve("postmaster", "a.example") == "bob@a.example");
}

TEST_CASE_FIXTURE(WithDirectory, "resolve: hostile names find nobody and harm nothing") {
    add("ann@a.example");
    // CVE-2017-2669 (%vars), CVE-2026-24031 (SQL), CVE-2026-27860 (LDAP), traversal, NUL, escapes
    const std::string names[] = {"%{env:PATH}",
                                 "%u",
                                 "ann' OR '1'='1",
                                 "ann';--",
                                 "*)(uid=*",
                                 "ann)(|(a=b",
                                 "../ann",
                                 "..",
                                 "/etc/passwd",
                                 "a\\nn",
                                 "ann\r\n",
                                 "\x1b[2J",
                                 "",
                                 "ann\xc0\x80",
                                 "\xed\xa0\x80",
                                 "ann@a.example",
                                 "*",
                                 "|/bin/sh",
                                 "ann@b.example@a",
                                 " ann"};
    for (const std::string& name : names) {
        CAPTURE(name);
        CHECK(resolve(name, "a.example") == "no_such_user");
    }
    CHECK(resolve(std::string("ann\0", 4), "a.example") == "no_such_user");
    CHECK(resolve(std::string(100'000, 'a'), "a.example") == "no_such_user");
    CHECK(resolve("ann", std::string(100'000, 'a')) == "not_local");
    CHECK(resolve("ann", "a.example") == "ann@a.example");
}

TEST_CASE_FIXTURE(WithDirectory, "resolve: the catch-all takes what nobody has") {
    add("ann@a.example");
    REQUIRE(run(directory->set_catch_all("a.example", "ann@a.example")));
    CHECK(resolve("whoever", "a.example") == "ann@a.example");
    CHECK(resolve("who+ever", "a.example") == "ann@a.example");
    REQUIRE(run(directory->set_catch_all("a.example", "all@b.example")));
    CHECK(resolve("whoever", "a.example") == ">all@b.example");
    REQUIRE(run(directory->set_catch_all("a.example", "missing@a.example")));  // a loop onto itself
    CHECK(resolve("whoever", "a.example") == "no_such_user");
    REQUIRE(run(directory->set_catch_all("a.example", "")));
    CHECK(resolve("whoever", "a.example") == "no_such_user");
    CHECK(fault_of(run(directory->set_catch_all("b.example", "ann@a.example"))) == Fault::not_found);
    CHECK(fault_of(run(directory->set_catch_all("a.example", "not an address"))) == Fault::syntax);
}

TEST_CASE_FIXTURE(WithDirectory, "resolve: loops end, depth and breadth have limits") {
    add("ann@a.example");
    REQUIRE(alias("x@a.example", {"y@a.example"}));
    REQUIRE(alias("y@a.example", {"x@a.example"}));
    CHECK(resolve("x", "a.example") == "no_such_user");
    REQUIRE(alias("y@a.example", {"x@a.example", "ann@a.example"}));
    CHECK(resolve("x", "a.example") == "ann@a.example");

    for (std::size_t i = 0; i < alias_depth_max; ++i)
        REQUIRE(alias("d" + std::to_string(i) + "@a.example", {"d" + std::to_string(i + 1) + "@a.example"}));
    REQUIRE(alias("d" + std::to_string(alias_depth_max) + "@a.example", {"ann@a.example"}));
    CHECK(resolve("d1", "a.example") == "ann@a.example");  // exactly alias_depth_max
    CHECK(resolve("d0", "a.example") == "!" + std::to_string(static_cast<int>(Fault::temporary)));

    std::vector<std::string> lists;
    for (int list = 0; list < 11; ++list) {
        std::vector<std::string> members;
        for (std::size_t i = 0; i < alias_targets_max; ++i)
            members.push_back("m" + std::to_string(i) + "@l" + std::to_string(list) + ".example");
        lists.push_back("list" + std::to_string(list) + "@a.example");
        REQUIRE(alias(lists.back(), members));
    }
    CHECK(resolve("list0", "a.example").size() > alias_targets_max);
    REQUIRE(alias("everybody@a.example", lists));
    // 11 lists of alias_targets_max each: past recipients_expanded_max
    CHECK(resolve("everybody", "a.example") == "!" + std::to_string(static_cast<int>(Fault::temporary)));

    std::vector<std::string> too_many(alias_targets_max + 1, "z@b.example");
    CHECK(fault_of(alias("huge@a.example", too_many)) == Fault::too_large);
    std::vector<std::string> too_long;
    for (int i = 0; i < 999; ++i)
        too_long.push_back(std::to_string(i) + std::string(50, 'a') + "@" + std::string(60, 'b') +
                           ".example");
    CHECK(fault_of(alias("huge@a.example", too_long)) == Fault::too_large);  // directory/name_octets_max
}

TEST_CASE_FIXTURE(WithDirectory, "directory: names are unique, and what is in use stays") {
    add("ann@a.example");
    REQUIRE(alias("sales@a.example", {"ann@a.example"}));
    const auto account = [&](const std::string& address, const std::string& password = "secret-password") {
        return fault_of(run(directory->add_account({address, "", password, 0, false}, nullptr)));
    };
    CHECK(account("ANN@a.example") == Fault::exists);
    CHECK(account("sales@a.example") == Fault::exists);
    CHECK(account("x@b.example") == Fault::not_found);
    CHECK(account("\"a b\"@a.example") == Fault::syntax);
    CHECK(account("x@a.example", "") == Fault::syntax);
    CHECK(account("x@a.example", std::string(password_octets_max + 1, 'p')) == Fault::too_large);
    CHECK(fault_of(alias("ann@a.example", {"x@b.example"})) == Fault::exists);
    CHECK(fault_of(alias("x@a.example", {})) == Fault::syntax);
    CHECK(fault_of(alias("x@a.example", {"|rm"})) == Fault::syntax);
    CHECK(fault_of(alias("x@c.example", {"ann@a.example"})) == Fault::not_found);
    CHECK(fault_of(run(directory->add_domain("A.example"))) == Fault::exists);
    CHECK(fault_of(run(directory->add_domain("bad domain"))) == Fault::syntax);
    CHECK(fault_of(run(directory->remove_domain("a.example"))) == Fault::denied);
    CHECK(fault_of(run(directory->remove_alias("ann@a.example"))) == Fault::not_found);
    REQUIRE(run(directory->remove_account("ann@a.example")));
    CHECK(fault_of(run(directory->remove_account("ann@a.example"))) == Fault::not_found);
    CHECK(fault_of(run(directory->remove_domain("a.example"))) == Fault::denied);
    REQUIRE(run(directory->remove_alias("sales@a.example")));
    REQUIRE(run(directory->remove_domain("a.example")));
    CHECK(directory->domains().empty());
    CHECK(resolve("ann", "a.example") == "not_local");
    CHECK(resolve("postmaster", "") == "no_such_user");
}

TEST_CASE_FIXTURE(WithDirectory, "directory: everything is there again after a restart") {
    const AccountId ann = add("ann@a.example");
    const AccountId bob = add("bob@a.example");
    REQUIRE(run(directory->add_domain("bücher.example")));
    REQUIRE(run(directory->put_alias({"team@xn--bcher-kva.example", {"bob@a.example"}, true})));
    REQUIRE(run(directory->set_quota("ann@a.example", 12'345)));
    REQUIRE(run(directory->set_disabled("bob@a.example", true)));
    REQUIRE(run(directory->remove_account("ann@a.example")));
    const std::string secret = directory->secret();
    CHECK(secret.size() == 32);
    restart();
    CHECK(directory->secret() == secret);
    CHECK(resolve("team", "bücher.example") == "bob@a.example");
    CHECK(resolve("postmaster", "") == "bob@a.example");  // the first account is another now
    CHECK(run(directory->account("bob@a.example"))->disabled);
    CHECK(run(directory->account(bob))->address == "bob@a.example");
    CHECK_FALSE(run(directory->account(ann)).has_value());
    CHECK(run(directory->removed_accounts()).value() == std::vector{ann});
    REQUIRE(run(directory->erased(ann)));
    CHECK(run(directory->removed_accounts())->empty());
    const AccountId again = add("ann@a.example");
    CHECK(again > bob);  // ids are never used again
    CHECK(directory->domains().size() == 2);
    CHECK(directory->domains()[0].name == "a.example");
    CHECK(run(directory->accounts(""))->size() == 2);
    CHECK(run(directory->accounts("bücher.example"))->empty());
    CHECK(run(directory->aliases("bücher.example"))->front().group);
    CHECK(run(directory->aliases("a.example"))->empty());
}

TEST_CASE_FIXTURE(WithDirectory, "directory: an account sends as itself and its aliases only") {
    const AccountId ann = add("ann@a.example");
    const AccountId bob = add("bob@a.example");
    REQUIRE(alias("sales@a.example", {"ann@a.example", "x@b.example"}));
    REQUIRE(alias("shop@a.example", {"sales@a.example"}));
    REQUIRE(run(directory->set_catch_all("a.example", "ann@a.example")));
    const auto may = [&](AccountId id, const std::string& as) {
        return run(directory->may_send_as(id, as)).value_or(false);
    };
    CHECK(may(ann, "Ann@A.example"));
    CHECK(may(ann, "ann+x@a.example"));
    CHECK(may(ann, "sales@a.example"));
    CHECK(may(ann, "shop+y@a.example"));
    CHECK_FALSE(may(bob, "sales@a.example"));
    CHECK_FALSE(may(bob, "ann@a.example"));
    CHECK_FALSE(may(ann, "x@b.example"));
    CHECK_FALSE(may(ann, "whoever@a.example"));     // a catch-all gives no right
    CHECK_FALSE(may(ann, "postmaster@a.example"));  // nor does being first
    CHECK_FALSE(may(ann, "ann@b.example"));
    CHECK_FALSE(may(AccountId(99), "ann@a.example"));
}

TEST_CASE_FIXTURE(WithDirectory, "directory: the mailboxes are in the commit of the account") {
    const auto write = [](store::Batch& batch, Time) {
        batch.put(std::string("mailboxes"), std::string("x"));
    };
    const auto account =
        run(directory->add_account({"ann@a.example", "Ann", "secret-password", 7, true}, write));
    REQUIRE(account.has_value());
    const auto row = run(store->get(store::account_partition(account->id), "mailboxes"));
    CHECK(row->value_or("") == "x");
    CHECK(account->scram_iterations == scram_iterations);
    CHECK(account->scram_stored_key.size() == 32);
    CHECK(account->quota_octets == 7);
    CHECK(verify_password("secret-password", account->password_hash));

    disk->set_failing(true);
    CHECK(fault_of(run(directory->add_account({"bob@a.example", "", "secret-password", 0, false}, write))) ==
          Fault::temporary);
    disk->set_failing(false);
    CHECK(resolve("bob", "a.example") == "no_such_user");
}

TEST_CASE_FIXTURE(WithDirectory, "directory: a second process loses no update and sees ours") {
    std::unique_ptr<Directory> other = make_directory(*store, *world);
    REQUIRE(run(other->load()));
    add("ann@a.example");
    REQUIRE(run(other->put_alias({"x@a.example", {"ann@a.example"}, false})));  // from an old snapshot
    CHECK(run(other->resolve("ann", "a.example"))->accounts.size() == 1);
    CHECK(fault_of(run(directory->add_account({"x@a.example", "", "secret-password", 0, false}, nullptr))) ==
          Fault::exists);
    // Too far behind to follow the rows of changes: it reads everything again.
    for (std::size_t i = 0; i < changes_kept_max + 10; ++i)
        REQUIRE(run(directory->set_quota("ann@a.example", i)));
    REQUIRE(run(other->set_catch_all("a.example", "ann@a.example")));
    CHECK(run(other->account("ann@a.example"))->quota_octets == changes_kept_max + 9);
    const auto rows = run(store->scan(store::directory_partition, change_key(0), change_key(1'000'000), 5'000,
                                      store::Direction::forward));
    CHECK(rows->size() <= changes_kept_max);
}

namespace {

net::Task<void> put_aliases(Directory* directory, std::string prefix, int count, int* done) {
    for (int i = 0; i < count; ++i) {
        Alias alias{prefix + std::to_string(i) + "@a.example", {"x@b.example"}, false};
        const auto put = co_await directory->put_alias(std::move(alias));
        if (put) ++*done;
    }
}

}  // namespace

TEST_CASE_FIXTURE(WithDirectory, "directory: changes at the same time are all there") {
    store = nullptr;
    directory = nullptr;
    store::MemoryStore::Options slow{std::chrono::milliseconds(1)};
    store = std::make_unique<store::MemoryStore>(*world, disk, slow);
    directory = make_directory(*store, *world);
    std::unique_ptr<Directory> other = make_directory(*store, *world);
    REQUIRE(run(directory->load()));
    REQUIRE(run(other->load()));
    int done = 0;
    net::TaskGroup tasks(*world, "test");
    // One slow store, eight tasks, two directories that know nothing of each other.
    for (int i = 0; i < 8; ++i) {
        Directory* at = i % 2 == 0 ? directory.get() : other.get();
        tasks.spawn(put_aliases(at, std::string(1, static_cast<char>('a' + i)), 20, &done));
    }
    REQUIRE(network.run_until([&] { return tasks.size() == 0; }, std::chrono::minutes(10)));
    CHECK(done == 160);
    restart();
    CHECK(run(directory->aliases("a.example"))->size() == 160);
}

TEST_CASE("persistent map: a copy stays as it was, and agrees with std::map") {
    PersistentMap<int> map;
    std::map<std::string, int> model;
    std::vector<std::pair<PersistentMap<int>, std::map<std::string, int>>> copies;
    std::uint64_t random = 1;
    for (int step = 0; step < 20'000; ++step) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        const std::string key = std::to_string(random >> 33 & 1023);
        if ((random >> 60) < 5) {
            map.erase(key);
            model.erase(key);
        } else {
            map.put(key, step);
            model[key] = step;
        }
        if (step % 2'000 == 0) copies.emplace_back(map, model);
    }
    copies.emplace_back(map, model);
    for (const auto& [copy, want] : copies) {
        std::map<std::string, int> got;
        copy.for_each([&got](const std::string& key, int value) { got[key] = value; });
        CHECK(got == want);
        CHECK(copy.size() == want.size());
        for (const auto& [key, value] : want)
            REQUIRE((copy.find(key) != nullptr && *copy.find(key) == value));
    }
    CHECK(map.find("never") == nullptr);
}

}  // namespace heliopost::directory
