#include <doctest/doctest.h>

#include <algorithm>

#include "mailbox/keys.h"
#include "mailbox/test_account.h"

namespace heliopost::mailbox {

TEST_CASE("check finds planted damage") {
    const auto damage = [](auto plant) {
        TestAccount t;
        t.deliver(inbox, message_text("one"));
        t.deliver(inbox, message_text("two"));
        const MailboxId other = t.make("other");
        t.get(t.account->copy(inbox, imap::UidSet::of(1), other, {}));
        REQUIRE(t.problems().empty());
        store::Batch batch(TestAccount::partition);
        plant(batch);
        t.get(t.store->commit(std::move(batch)));
        const auto problems = t.problems();
        return problems.empty() ? std::string() : problems[0];
    };
    using key::Counter;
    using key::Kind;
    CHECK(damage([](auto&) {}).empty());
    CHECK_FALSE(damage([](auto& b) { b.erase(key::email(EmailId(1), 0)); }).empty());
    CHECK_FALSE(
        damage([](auto& b) { b.put(key::email(EmailId(1), 0), store::Tuple(std::string("x"))); }).empty());
    CHECK_FALSE(damage([](auto& b) { b.put(key::email(EmailId(9), 0), store::Tuple()); }).empty());
    CHECK_FALSE(damage([](auto& b) { b.erase(key::membership(EmailId(2), inbox)); }).empty());
    CHECK_FALSE(damage([](auto& b) { b.erase(key::of(Kind::shared, EmailId(1))); }).empty());
    CHECK_FALSE(damage([](auto& b) { b.erase(key::of(Kind::mailbox, inbox)); }).empty());
    CHECK_FALSE(damage([](auto& b) { b.erase(key::of(Kind::highest, inbox)); }).empty());
    CHECK_FALSE(
        damage([](auto& b) { b.put(key::of(Kind::base, inbox), store::Tuple(std::string("x"))); }).empty());
    CHECK_FALSE(damage([](auto& b) { b.add(key::of(Counter::unseen, inbox), 1); }).empty());
    CHECK_FALSE(damage([](auto& b) { b.add(key::of(Counter::account_octets), -1); }).empty());
    CHECK_FALSE(damage([](auto& b) {
                    b.erase_range(key::of(Kind::operation, inbox),
                                  store::after_prefix(key::of(Kind::operation, inbox)));
                }).empty());
    CHECK_FALSE(damage([](auto& b) {
                    b.put(key::at(Kind::operation, inbox, ModSequence(99)) + std::string(4, '\0'),
                          store::Tuple());
                }).empty());
}

TEST_CASE("a broken record is an error for the caller and a log line, not a crash") {
    TestAccount t;
    t.deliver(inbox, message_text("one"));
    store::Batch batch(TestAccount::partition);
    batch.put(key::of(key::Kind::base, inbox), store::Tuple(std::string("x")));
    t.get(t.store->commit(std::move(batch)));
    CHECK(t.fault(t.account->view(inbox)) == Fault::internal);
    CHECK(std::ranges::any_of(t.world.log_lines(),
                              [](const auto& line) { return line.contains("mailbox.broken"); }));
}

}  // namespace heliopost::mailbox
