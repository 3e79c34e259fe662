#include <doctest/doctest.h>

#include <algorithm>

#include "mailbox/test_account.h"

namespace heliopost::mailbox {

using imap::SystemFlag;

TEST_CASE("a new account has its mailboxes, each with a UIDVALIDITY of its own") {
    TestAccount t;
    const Listing listing = t.get(t.account->list());
    REQUIRE(listing.mailboxes.size() == 6);
    CHECK(listing.mailboxes[0].name == "INBOX");
    CHECK(listing.mailboxes[0].id == inbox);
    std::vector<std::uint32_t> validities;
    for (const Mailbox& mailbox : listing.mailboxes) validities.push_back(mailbox.uid_validity.value);
    std::ranges::sort(validities);
    CHECK(std::ranges::adjacent_find(validities) == validities.end());
    CHECK(t.get(t.account->find("inbox")).role == Role::inbox);
    CHECK(t.get(t.account->find("Junk")).id == junk);
    const Status status = t.get(t.account->status(inbox));
    CHECK(status.uid_next == Uid(1));
    CHECK(status.highest_mod_sequence.value >= 1);
    CHECK(t.view()->status() == status);
    CHECK(t.problems().empty());
}

TEST_CASE("a delivery shows in the View, the status, the email and its octets") {
    TestAccount t;
    const std::string text = message_text("one");
    CHECK(t.deliver(inbox, text, flags_of({SystemFlag::flagged}, {"$Junk"})) == Uid(1));
    const auto view = t.view();
    REQUIRE(view->size() == 1);
    const Row row = view->at(0);
    CHECK(row.octets == text.size() + std::string_view("Return-Path: <>\r\n").size());
    std::string flags;
    view->append_flags(flags, row);
    CHECK(flags == "\\Flagged $Junk");
    CHECK(view->flags_of(row) == flags_of({SystemFlag::flagged}, {"$Junk"}));
    CHECK(view->first_unseen() == 0);
    CHECK(t.get(t.account->status(inbox)) == view->status());
    const auto emails = t.get(t.account->emails({row.email, EmailId(999)}));
    REQUIRE(emails.size() == 2);
    CHECK(emails[1] == nullptr);
    CHECK(emails[0]->structure->envelopes[0].subject == "one");
    CHECK(emails[0]->preview == "a preview");
    CHECK(t.get(t.account->read(emails[0], 0, 10'000)) == "Return-Path: <>\r\n" + text);
    CHECK(t.get(t.account->read(emails[0], 8, 12)) == ("Return-Path: <>\r\n" + text).substr(8, 12));
    CHECK(t.get(t.account->read(emails[0], 20, 5)) == ("Return-Path: <>\r\n" + text).substr(20, 5));
    CHECK(t.get(t.account->read(emails[0], 10'000, 5)).empty());
    t.reopen();
    CHECK(t.view()->status() == view->status());
    CHECK(t.view()->at(0) == row);
}

TEST_CASE("thread ids: a reply is in the thread of what it answers; accounts differ") {
    TestAccount t;
    t.deliver(inbox, message_text("one"));
    t.deliver(inbox,
              "References: <one@a.example> <two@a.example>\r\nMessage-ID: <three@a.example>\r\n\r\nx\r\n");
    t.deliver(inbox, message_text("four"));
    const auto view = t.view();
    const auto emails = t.get(t.account->emails({view->at(0).email, view->at(1).email, view->at(2).email}));
    CHECK(emails[0]->thread == emails[1]->thread);
    CHECK(emails[0]->thread != emails[2]->thread);
}

TEST_CASE("an old View stays what it was") {
    TestAccount t;
    t.deliver(inbox, message_text("one"));
    const auto before = t.view();
    t.deliver(inbox, message_text("two"));
    t.get(t.account->change_flags(inbox, everything, adding(flags_of({SystemFlag::seen}))));
    CHECK(before->size() == 1);
    CHECK_FALSE(before->at(0).has(SystemFlag::seen));
    CHECK(t.view()->size() == 2);
    CHECK(t.view()->status().unseen == 0);
}

TEST_CASE("watch: the event is set at each change, and not after its end") {
    TestAccount t;
    net::Event changed(t.world);
    auto watch = t.account->watch(t.world, changed);
    t.deliver(inbox, message_text("one"));
    t.network.run_for(std::chrono::seconds(1));
    CHECK(changed.is_set());
    changed.clear();
    t.get(t.account->change_flags(inbox, everything, adding(flags_of({SystemFlag::seen}))));
    t.network.run_for(std::chrono::seconds(1));
    CHECK(changed.is_set());
    changed.clear();
    watch.reset();
    t.deliver(inbox, message_text("two"));
    t.network.run_for(std::chrono::seconds(1));
    CHECK_FALSE(changed.is_set());
}

TEST_CASE("POP3: one session an account") {
    TestAccount t;
    auto first = t.account->take_pop3_lock();
    CHECK(first != nullptr);
    CHECK(t.accounts->open(TestAccount::id)->take_pop3_lock() == nullptr);
    first.reset();
    CHECK(t.account->take_pop3_lock() != nullptr);
}

}  // namespace heliopost::mailbox
