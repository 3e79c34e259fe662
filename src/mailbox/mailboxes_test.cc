#include <doctest/doctest.h>

#include "mailbox/keys.h"
#include "mailbox/mailboxes.h"
#include "mailbox/test_account.h"
#include "net/task_group.h"

namespace heliopost::mailbox {

TEST_CASE("create: parents come too, names are checked, a role is had once") {
    TestAccount t;
    const Mailbox made = t.get(t.account->create("inbox/a/b", Role::none));
    CHECK(made.name == "INBOX/a/b");
    CHECK(t.get(t.account->find("INBOX/a")).id < made.id);
    CHECK(t.fault(t.account->create("INBOX/a", Role::none)) == Fault::exists);
    CHECK(t.fault(t.account->create("x", Role::junk)) == Fault::exists);
    for (const std::string bad : {"", "/a", "a/", "a//b", "a\nb", "\xff"})
        CHECK(t.fault(t.account->create(bad, Role::none)) == Fault::denied);
    CHECK(t.fault(t.account->create(std::string(name_octets_max + 1, 'a'), Role::none)) == Fault::denied);
    const Listing before = t.get(t.account->list());
    t.reopen();
    CHECK(t.get(t.account->list()).mailboxes == before.mailboxes);
    CHECK(t.get(t.account->create("c", Role::none)).id > made.id);
}

TEST_CASE("mailboxes have a limit in an account, missing parents and renames included") {
    AccountsOptions options;
    options.account_mailboxes = 10;  // in place of mailboxes_max
    TestAccount t(options);
    std::size_t left = options.account_mailboxes - t.get(t.account->list()).mailboxes.size();
    REQUIRE(left >= 4);
    while (left > 2) t.make("m" + std::to_string(--left));
    CHECK(t.fault(t.account->create("a/b/c", Role::none)) == Fault::too_large);
    CHECK(t.fault(t.account->rename("m2", "a/b/c/m2")) == Fault::too_large);
    CHECK(t.get(t.account->list()).mailboxes.size() == options.account_mailboxes - 2);
    t.make("a/b");
    CHECK(t.fault(t.account->create("c", Role::none)) == Fault::too_large);
    t.ok(t.account->remove("a/b"));
    t.make("c");  // a place has come back
    t.reopen();
    CHECK(t.fault(t.account->create("d", Role::none)) == Fault::too_large);
    t.deliver(inbox, message_text("one"));
    CHECK(t.problems().empty());
}

TEST_CASE("names have a depth, which a rename must keep for what is below, too") {
    TestAccount t;
    std::string deep = "d";
    for (std::size_t i = 1; i < name_depth_max; ++i) deep += "/d";
    t.make(deep);
    CHECK(t.fault(t.account->create(deep + "/d", Role::none)) == Fault::denied);
    t.make("x/y");
    CHECK(t.fault(t.account->rename("x", deep.substr(2))) == Fault::exists);
    const std::string parent = deep.substr(0, deep.size() - 2);
    CHECK(t.fault(t.account->rename("x", parent + "/x")) == Fault::denied);  // x/y would be too deep
    t.get(t.account->find("x/y"));
    CHECK(t.problems().empty());
}

TEST_CASE("rename: the old names stay subscribed to, the new ones are as the mailbox was, RFC 9051 §6.3.6") {
    TestAccount t;
    t.make("a/b");
    t.make("a/c");
    t.ok(t.account->subscribe("a/b", true));
    t.ok(t.account->rename("a", "d"));
    const std::vector<std::string> lost{"a/b"};
    for (int i = 0; i < 2; ++i) {
        CHECK(t.get(t.account->list()).lost_subscriptions == lost);
        CHECK(t.get(t.account->find("d/b")).subscribed);
        CHECK_FALSE(t.get(t.account->find("d/c")).subscribed);
        t.reopen();
    }
    CHECK(t.problems().empty());
    t.ok(t.account->rename("d", "a"));  // and back: the name has its mailbox again
    CHECK(t.get(t.account->list()).lost_subscriptions == std::vector<std::string>{"d/b"});
    CHECK(t.get(t.account->find("a/b")).subscribed);
    t.ok(t.account->subscribe("d/b", false));
    CHECK(t.get(t.account->list()).lost_subscriptions.empty());
    CHECK(t.get(t.account->find("a/b")).subscribed);
}

TEST_CASE("remove: messages go, the subscription stays, UIDVALIDITY grows") {
    TestAccount t;
    t.make("a/b");
    const Mailbox first = t.get(t.account->find("a/b"));
    t.ok(t.account->subscribe("a/b", true));
    t.deliver(first.id, message_text("x"));
    CHECK(t.fault(t.account->remove("a")) == Fault::denied);
    CHECK(t.fault(t.account->remove("INBOX")) == Fault::denied);
    CHECK(t.fault(t.account->remove("Junk")) == Fault::denied);
    t.ok(t.account->remove("a/b"));
    CHECK(t.fault(t.account->view(first.id)) == Fault::not_found);
    CHECK(t.fault(t.account->status(first.id)) == Fault::not_found);
    CHECK(t.append(first.id, message_text("y")).error().fault == Fault::not_found);
    CHECK(t.get(t.account->list()).lost_subscriptions == std::vector<std::string>{"a/b"});
    CHECK(t.problems().empty());
    t.reopen();
    CHECK(t.get(t.account->list()).lost_subscriptions == std::vector<std::string>{"a/b"});
    const Mailbox again = t.get(t.account->create("a/b", Role::none));
    CHECK(again.uid_validity > first.uid_validity);
    CHECK(again.id > first.id);
    CHECK(again.subscribed);
    CHECK(t.get(t.account->list()).lost_subscriptions.empty());
    t.ok(t.account->remove("a/b"));
    t.ok(t.account->subscribe("a/b", false));
    CHECK(t.get(t.account->list()).lost_subscriptions.empty());
    CHECK(t.fault(t.account->subscribe("a/b", true)) == Fault::not_found);
    t.reopen();
    CHECK(t.get(t.account->list()).lost_subscriptions.empty());
}

TEST_CASE("remove: whenever the process ends, the mailbox is whole or gone, and no octet is left of it") {
    constexpr std::uint64_t commits_tried = 6;  // it takes fewer
    std::uint64_t whole = 0;
    std::uint64_t gone = 0;
    for (std::uint64_t after = 0; after < commits_tried; ++after) {
        TestAccount t;
        const MailboxId made = t.make("a");
        t.deliver(inbox, message_text("kept"));
        t.deliver(made, message_text("x"));
        t.deliver(made, message_text("y"));
        const std::uint64_t kept = t.view()->status().octets;
        const auto before = t.disk->commits();
        net::TaskGroup tasks(t.world, "removing");
        const auto removing = [](std::shared_ptr<Account> account) -> net::Task<void> {
            const auto done = co_await account->remove("a");
            WARN(done.has_value());  // not where it was cut off
        };
        tasks.spawn(removing(t.account));
        t.network.run_until([&] { return t.disk->commits() >= before + after; }, std::chrono::seconds(1));
        t.crash();
        const auto found = t.run(t.account->find("a"));
        if (found) {
            ++whole;
            CHECK(t.view(found->id)->size() == 2);
            t.ok(t.account->remove("a"));
        } else {
            ++gone;
            CHECK(t.fault(t.account->view(made)) == Fault::not_found);
            const Mailbox again = t.get(t.account->create("a", Role::none));
            CHECK(again.id != made);
            CHECK(t.problems().empty());
            t.network.run_for(std::chrono::seconds(1));  // the rest goes by itself
        }
        CHECK(t.get(t.account->quota()).octets == kept);
        CHECK(t.problems().empty());
        CHECK(t.get(t.store->scan(TestAccount::partition, key::of(key::Kind::removed),
                                  key::of(key::Kind::removed) + "\xff", 10, store::Direction::forward))
                  .empty());
    }
    CHECK(whole > 0);
    CHECK(gone > 2);
}

TEST_CASE("rename: children move along, INBOX's messages move out") {
    TestAccount t;
    t.make("a/b/c");
    t.deliver(t.get(t.account->find("a/b")).id, message_text("x"));
    const auto old = t.view(t.get(t.account->find("a/b")).id);
    t.ok(t.account->rename("a/b", "n/m"));
    CHECK(t.get(t.account->find("n/m/c")).name == "n/m/c");
    CHECK(t.get(t.account->find("n")).name == "n");
    CHECK(t.fault(t.account->find("a/b")) == Fault::not_found);
    CHECK(t.view(old->mailbox().id)->mailbox().name == "n/m");
    CHECK(t.fault(t.account->rename("n/m", "n/m/x")) == Fault::denied);
    CHECK(t.fault(t.account->rename("n/m", "a")) == Fault::exists);
    CHECK(t.fault(t.account->rename("zz", "y")) == Fault::not_found);
    t.deliver(inbox, message_text("in"));
    t.ok(t.account->rename("INBOX", "saved"));
    CHECK(t.view()->size() == 0);
    CHECK(t.view(t.get(t.account->find("saved")).id)->size() == 1);
    CHECK(t.get(t.account->find("INBOX")).id == inbox);
    const Listing before = t.get(t.account->list());
    t.reopen();
    CHECK(t.get(t.account->list()).mailboxes == before.mailboxes);
    CHECK(t.problems().empty());
}

}  // namespace heliopost::mailbox
