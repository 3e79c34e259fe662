#include "mailbox/renew.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "mailbox/keys.h"
#include "mailbox/test_account.h"

namespace heliopost::mailbox {
namespace {

std::map<std::string, std::uint32_t> validities(TestAccount& t) {
    std::map<std::string, std::uint32_t> out;
    for (const Mailbox& mailbox : t.get(t.account->list()).mailboxes)
        out[mailbox.name] = mailbox.uid_validity.value;
    return out;
}

}  // namespace

TEST_CASE("renew: every mailbox has a UIDVALIDITY above all before, and messages stay as they were") {
    TestAccount t;
    t.deliver(inbox, message_text("one"), flags_of({imap::SystemFlag::seen}));
    t.make("other");
    const auto before = validities(t);
    const auto view_before = t.view();
    std::uint32_t largest = 0;
    for (const auto& [name, validity] : before) largest = std::max(largest, validity);
    t.ok(renew(t.store.get(), TestAccount::id, t.world.now()));
    t.reopen();
    const auto after = validities(t);
    REQUIRE(after.size() == before.size());
    std::set<std::uint32_t> different;
    for (const auto& [name, validity] : after) {
        CAPTURE(name);
        // A mailbox that was made after the backup had at most these.
        CHECK(validity > largest + mailboxes_max);
        different.insert(validity);
    }
    CHECK(different.size() == after.size());
    const auto view = t.view();
    REQUIRE(view->size() == 1);
    CHECK(view->at(0) == view_before->at(0));
    CHECK(view->status().highest_mod_sequence > view_before->status().highest_mod_sequence);
    const MailboxId made = t.make("new");
    CHECK(made.value > 1'000'000);
    CHECK(validities(t).at("new") > *different.rbegin());
    t.deliver(inbox, message_text("two"));
    CHECK(t.view()->at(1).uid.value == 2);
    CHECK(t.view()->at(1).email.value > std::uint64_t{1} << 32);
    CHECK(t.problems().empty());
}

TEST_CASE("renew: with a clock that stands behind, and for an account without mailboxes") {
    TestAccount t;
    const auto before = validities(t);
    t.ok(renew(t.store.get(), TestAccount::id, from_unix_milliseconds(0)));
    t.reopen();
    for (const auto& [name, validity] : validities(t)) CHECK(validity > before.at(name));
    t.ok(renew(t.store.get(), AccountId(99), t.world.now()));
    CHECK(t.problems().empty());
}

}  // namespace heliopost::mailbox
