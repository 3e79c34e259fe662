#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "directory/records.h"
#include "main/test_sample_store.h"
#include "queue/records.h"

namespace heliopost::fsck_test {

// Nobody knows any more to whom it goes, and what is left of it must not stop the others.
TEST_CASE("fsck: a queued message that cannot be understood is taken out, and kept in files") {
    const SampleStore sample;
    const auto entry = row(store::queue_partition, queue::entry_key(sample.queued()));
    const auto recipient = row(store::queue_partition, queue::recipient_key(sample.queued(), 0));
    const std::function<void(store::Database&)> damages[] = {
        [&](auto& d) { put(d, entry, "x"); },
        [&](auto& d) { put(d, recipient, "x"); },
        [&](auto& d) { erase(d, entry); },
        [&](auto& d) { erase(d, recipient); },
        [&](auto& d) { put(d, row(store::queue_partition, "\x09"), "x"); },
    };
    for (const auto& damage : damages) {
        const auto [first, after] = sample.repair(damage);
        std::string all;
        for (const auto& problem : first.store.problems) all += problem.line() + "\n";
        for (const auto& problem : after.store.problems) all += "after: " + problem.line() + "\n";
        CAPTURE(all);
        CHECK_FALSE(first.store.problems.empty());
        CHECK(std::ranges::all_of(first.store.problems, &store::Problem::mended));
        CHECK(after.store.sound());
        const bool stranger = after.queued == 1;  // a row of no message
        CHECK(stranger == (&damage == &damages[4]));
        bool rows = false, message = false;
        for (const auto& file : std::filesystem::directory_iterator(sample.taken_out())) {
            std::ifstream in(file.path());
            const std::string octets{std::istreambuf_iterator<char>(in), {}};
            rows = rows || (file.path().extension() == ".jsonl" && octets.contains("queue"));
            message = message ||
                      (file.path().extension() == ".eml" && octets.ends_with(message_text + "queued\r\n"));
        }
        CHECK(rows);
        CHECK(message == !stranger);
    }
}

TEST_CASE(
    "fsck --repair: whatever the directory lost, nobody's mail is out of reach, and nobody gets another's") {
    const SampleStore sample;
    const auto of = [](const std::string& key) { return row(store::directory_partition, key); };
    const std::string ann_key = of(directory::name_key({"ann", "a.example"}));
    struct Case {
        std::string said;  // among what was done
        std::string account;
        std::function<void(store::Database&)> damage;
    };
    const std::string lost = "lost-1@a.example";
    const Case cases[] = {
        {"directory: its meta row was lost", "ann@a.example",
         [&](auto& d) { erase(d, of(directory::meta_key())); }},
        {"directory: its meta row was lost", "ann@a.example",
         [&](auto& d) { put(d, of(directory::meta_key()), "x"); }},
        {"domain a.example: its record was lost", "ann@a.example",
         [&](auto& d) { erase(d, of(directory::domain_key("a.example"))); }},
        {"domain a.example: its record was lost", "ann@a.example",
         [&](auto& d) { put(d, of(directory::domain_key("a.example")), "\x0a\x7f"); }},
        {"account 1: it has mail, and nobody knew", lost, [&](auto& d) { erase(d, ann_key); }},
        {"address ann@a.example: ", lost, [&](auto& d) { put(d, ann_key, "\x0a\x7f"); }},
        {"account 1: the account is there", "ann@a.example",
         [&](auto& d) { put(d, of(directory::removed_key(AccountId(1))), ""); }},
        {"row 09", "ann@a.example", [&](auto& d) { put(d, of("\x09"), "x"); }},
    };
    for (const Case& one : cases) {
        CAPTURE(one.said);
        const auto [first, after] = sample.repair(one.damage);
        std::string all;
        for (const auto& problem : first.store.problems) all += problem.line() + "\n";
        for (const auto& problem : after.store.problems) all += "after: " + problem.line() + "\n";
        CAPTURE(all);
        CHECK(all.contains(one.said));
        CHECK(std::ranges::all_of(first.store.problems, &store::Problem::mended));
        CHECK(after.store.sound());
        CHECK(after.accounts == 1);
        const auto account = sample.repaired_account(one.account);
        REQUIRE(account.has_value());
        CHECK(account->disabled == (one.account == lost));
        CHECK(account->password_hash.empty() == (one.account == lost));
    }
}

}  // namespace heliopost::fsck_test
