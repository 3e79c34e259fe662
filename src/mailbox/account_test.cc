// Longer than 400 lines because it drives every operation of one interface over one harness.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/assert.h"
#include "mailbox/keys.h"
#include "mailbox/test_account.h"

namespace heliopost::mailbox {

using imap::SystemFlag;
using Mode = imap::command::Store::Mode;

namespace {

FlagChange add(imap::Flags flags) {
    return {Mode::add, std::move(flags), std::nullopt};
}

}  // namespace

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
    t.get(t.account->change_flags(inbox, everything, add(flags_of({SystemFlag::seen}))));
    CHECK(before->size() == 1);
    CHECK_FALSE(before->at(0).has(SystemFlag::seen));
    CHECK(t.view()->size() == 2);
    CHECK(t.view()->status().unseen == 0);
}

TEST_CASE("flags: add, remove, replace; what does not change keeps its mod-sequence") {
    TestAccount t;
    for (int i = 0; i < 3; ++i) t.deliver(inbox, message_text(std::to_string(i)));
    auto changed = t.get(
        t.account->change_flags(inbox, imap::UidSet({{1, 2}}), add(flags_of({SystemFlag::seen}, {"a"}))));
    CHECK(to_text(changed.changed) == "1:2");
    CHECK(changed.view->status().unseen == 1);
    const ModSequence first = changed.view->at(0).mod_sequence;
    changed = t.get(t.account->change_flags(inbox, everything, add(flags_of({SystemFlag::seen}, {"A"}))));
    CHECK(to_text(changed.changed) == "3");
    CHECK(changed.view->at(0).mod_sequence == first);
    CHECK(changed.view->keywords() == std::vector<std::string>{"a"});
    changed = t.get(t.account->change_flags(inbox, everything, add(flags_of({SystemFlag::seen}))));
    CHECK(changed.changed.empty());
    changed = t.get(
        t.account->change_flags(inbox, imap::UidSet::of(2), {Mode::remove, flags_of({}, {"a", "b"}), {}}));
    CHECK(changed.view->flags_of(changed.view->at(1)) == flags_of({SystemFlag::seen}));
    CHECK(changed.view->keywords().size() == 1);
    changed = t.get(t.account->change_flags(inbox, everything,
                                            {Mode::replace, flags_of({SystemFlag::deleted}, {"b"}), {}}));
    CHECK(to_text(changed.changed) == "1:3");
    CHECK(changed.view->flags_of(changed.view->at(0)) == flags_of({SystemFlag::deleted}, {"b"}));
    CHECK(changed.view->status().unseen == 3);
    CHECK(changed.view->status().deleted == 3);
    CHECK(t.get(t.account->change_flags(inbox, imap::UidSet({{10, 20}}), add(flags_of({SystemFlag::seen}))))
              .changed.empty());
    CHECK(t.fault(t.account->change_flags(MailboxId(99), everything, add({}))) == Fault::not_found);
    CHECK(t.problems().empty());
}

TEST_CASE("UNCHANGEDSINCE: RFC 7162 §3.1.3") {
    TestAccount t;
    for (int i = 0; i < 3; ++i) t.deliver(inbox, message_text(std::to_string(i)));
    const ModSequence since = t.view()->status().highest_mod_sequence;
    t.get(t.account->change_flags(inbox, imap::UidSet::of(2), add(flags_of({SystemFlag::seen}))));
    const auto done = t.get(
        t.account->change_flags(inbox, everything, {Mode::add, flags_of({SystemFlag::flagged}), since}));
    CHECK(to_text(done.changed) == "1,3");
    CHECK(to_text(done.modified) == "2");
    const auto none = t.get(t.account->change_flags(
        inbox, everything, {Mode::add, flags_of({SystemFlag::draft}), ModSequence(0)}));
    CHECK(none.changed.empty());
    CHECK(to_text(none.modified) == "1:3");
}

TEST_CASE("keywords have a limit in a mailbox; a delivery past it is still filed") {
    TestAccount t;
    t.deliver(inbox, message_text("one"));
    for (std::size_t i = 0; i < keywords_max; ++i)
        t.get(t.account->change_flags(inbox, everything, add(flags_of({}, {"k" + std::to_string(i)}))));
    CHECK(t.fault(t.account->change_flags(inbox, everything, add(flags_of({}, {"more"})))) ==
          Fault::too_large);
    CHECK(t.append(inbox, message_text("two"), flags_of({}, {"more"})).error().fault == Fault::too_large);
    t.deliver(inbox, message_text("three"), flags_of({SystemFlag::seen}, {"more", "k57"}));
    const auto view = t.view();
    CHECK(view->flags_of(view->at(1)) == flags_of({SystemFlag::seen}, {"k57"}));
    CHECK(view->flags_of(view->at(0)).keywords.size() == keywords_max);
    const MailboxId other = t.make("other");
    t.deliver(other, message_text("four"), flags_of({}, {"z"}));
    CHECK(t.fault(t.account->copy(inbox, imap::UidSet::of(1), other, {})) == Fault::too_large);
    CHECK(t.get(t.account->copy(inbox, imap::UidSet::of(2), other, {})).to.size() == 1);
    CHECK(t.view(other)->flags_of(t.view(other)->at(1)) == flags_of({SystemFlag::seen}, {"k57"}));
}

TEST_CASE("expunge: only deleted ones, the blob's reference goes, UIDs are not used again") {
    TestAccount t;
    for (int i = 0; i < 4; ++i) t.deliver(inbox, message_text(std::to_string(i)));
    const ModSequence before = t.view()->status().highest_mod_sequence;
    t.get(t.account->change_flags(inbox, imap::UidSet({{2, 3}}), add(flags_of({SystemFlag::deleted}))));
    CHECK(to_text(t.get(t.account->expunge(inbox, imap::UidSet({{1, 2}}), true))) == "2");
    CHECK(to_text(t.get(t.account->expunge(inbox, everything, true))) == "3");
    CHECK(t.get(t.account->expunge(inbox, everything, true)).empty());
    CHECK(to_text(t.get(t.account->expunge(inbox, imap::UidSet::of(4), false))) == "4");
    CHECK(t.view()->size() == 1);
    CHECK(t.view()->status().deleted == 0);
    CHECK(t.view()->status().uid_next == Uid(5));
    CHECK(to_text(t.get(t.account->vanished(inbox, before))) == "2:4");
    CHECK(t.get(t.account->vanished(inbox, t.view()->status().highest_mod_sequence)).empty());
    CHECK(t.problems().empty());
    t.reopen();
    CHECK(t.view()->status().uid_next == Uid(5));
    CHECK(t.deliver(inbox, message_text("next")) == Uid(5));
}

TEST_CASE("quota: counted in every mailbox, enforced where asked, 0 when all is gone") {
    TestAccount t;
    const Quota enforce{1'000, Quota::Mode::enforce};
    CHECK(t.append(inbox, message_text("one", 300), {}, enforce).has_value());
    const MailboxId other = t.make("other");
    const auto used = t.get(t.account->quota()).octets;
    CHECK(used == t.view()->status().octets);
    CHECK(t.get(t.account->copy(inbox, everything, other, enforce)).to.size() == 1);
    CHECK(t.get(t.account->quota()).octets == 2 * used);
    CHECK(t.get(t.account->quota()).emails == 2);
    CHECK(t.append(inbox, message_text("two", 300), {}, enforce).error().fault == Fault::over_quota);
    CHECK(t.fault(t.account->copy(inbox, everything, other, enforce)) == Fault::over_quota);
    CHECK(t.append(inbox, message_text("three", 300), {}, {1'000, Quota::Mode::count}).has_value());
    CHECK(t.get(t.account->move(inbox, everything, other)).to.size() == 2);
    CHECK(t.problems().empty());
    t.ok(t.account->remove("other"));
    CHECK(t.get(t.account->quota()).octets == 0);
    CHECK(t.get(t.account->quota()).emails == 0);
    CHECK(t.problems().empty());
}

TEST_CASE("copy: the same email elsewhere, a new one where it is already") {
    TestAccount t;
    for (int i = 0; i < 3; ++i)
        t.deliver(inbox, message_text(std::to_string(i)), flags_of({SystemFlag::seen}, {"x"}));
    const MailboxId other = t.make("other");
    t.deliver(other, message_text("there"), flags_of({}, {"y"}));
    const Copied copied = t.get(t.account->copy(inbox, imap::UidSet({{1, 1}, {3, 9}}), other, {}));
    CHECK(copied.from == std::vector{Uid(1), Uid(3)});
    CHECK(copied.to == std::vector{Uid(2), Uid(3)});
    CHECK(copied.uid_validity == t.get(t.account->find("other")).uid_validity);
    const auto there = t.view(other);
    CHECK(there->at(1).email == t.view()->at(0).email);
    CHECK(there->flags_of(there->at(1)) == flags_of({SystemFlag::seen}, {"x"}));
    CHECK(there->flags_of(there->at(0)) == flags_of({}, {"y"}));
    t.get(t.account->copy(inbox, imap::UidSet::of(1), inbox, {}));  // twins: same octets, other Email
    t.get(t.account->copy(inbox, everything, other, {}));
    CHECK(t.view()->size() == 4);
    CHECK(t.view()->at(3).email != t.view()->at(0).email);
    const auto twins = t.get(t.account->emails({t.view()->at(0).email, t.view()->at(3).email}));
    CHECK(twins[0]->blob == twins[1]->blob);
    CHECK(t.view(other)->size() == 7);
    CHECK(t.problems().empty());
    t.get(t.account->expunge(inbox, everything, false));  // what is elsewhere stays readable
    CHECK(t.problems().empty());
    for (const Row& row : t.view(other)->chunks()[0]->rows) {
        const auto email = t.get(t.account->emails({row.email}))[0];
        REQUIRE(email != nullptr);
        CHECK(t.get(t.account->read(email, 0, 100'000)).size() == row.octets);
    }
    t.get(t.account->expunge(other, everything, false));
    CHECK(t.get(t.account->quota()).octets == 0);
    CHECK(t.problems().empty());
    CHECK(t.fault(t.account->copy(inbox, everything, MailboxId(77), {})) == Fault::not_found);
}

TEST_CASE("move: the same email under a new UID; also within a mailbox, also onto a twin") {
    TestAccount t;
    for (int i = 0; i < 3; ++i) t.deliver(inbox, message_text(std::to_string(i)), flags_of({}, {"k"}));
    const MailboxId other = t.make("other");
    const EmailId email = t.view()->at(1).email;
    const Copied moved = t.get(t.account->move(inbox, imap::UidSet::of(2), other));
    CHECK(moved.from == std::vector{Uid(2)});
    CHECK(moved.to == std::vector{Uid(1)});
    CHECK(t.view(other)->at(0).email == email);
    CHECK(t.view()->size() == 2);
    const Copied within = t.get(t.account->move(inbox, imap::UidSet::of(1), inbox));
    CHECK(within.to == std::vector{Uid(4)});
    CHECK(t.problems().empty());
    t.get(t.account->copy(inbox, everything, other, {}));
    t.get(t.account->move(inbox, everything, other));
    CHECK(t.view()->size() == 0);
    CHECK(t.view(other)->size() == 5);
    CHECK(t.problems().empty());
    t.get(t.account->expunge(other, everything, false));
    CHECK(t.problems().empty());
    CHECK(t.get(t.account->quota()).octets == 0);
}

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

TEST_CASE("watch: the event is set at each change, and not after its end") {
    TestAccount t;
    net::Event changed(t.world);
    auto watch = t.account->watch(t.world, changed);
    t.deliver(inbox, message_text("one"));
    t.network.run_for(std::chrono::seconds(1));
    CHECK(changed.is_set());
    changed.clear();
    t.get(t.account->change_flags(inbox, everything, add(flags_of({SystemFlag::seen}))));
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

TEST_CASE("a large email record is cut into pieces; one too large loses its structure only") {
    TestAccount t;
    for (const std::size_t addresses : {5'000U, 60'000U}) {
        std::string text = "Subject: many\r\nTo: a@a.example";
        for (std::size_t i = 0; i < addresses; ++i)
            text += ",\r\n " + std::string(60, 'u') + std::to_string(i) + "@a.example";
        text += "\r\n\r\nbody\r\n";
        const Uid uid = t.deliver(inbox, text);
        const auto view = t.view();
        const auto index = view->find(uid);
        ASSERT(index.has_value());
        const auto email = t.get(t.account->emails({view->at(*index).email}))[0];
        REQUIRE(email != nullptr);
        CHECK(email->structure->envelopes[0].subject == "many");
        CHECK(email->octets() == view->at(*index).octets);
        if (addresses == 5'000) CHECK(email->structure->envelopes[0].to.size() == addresses + 1);
    }
    t.get(t.account->copy(inbox, everything, inbox, {}));
    CHECK(t.problems().empty());
    t.get(t.account->expunge(inbox, everything, false));
    CHECK(t.problems().empty());
    CHECK(t.get(t.store->scan(TestAccount::partition, key::of(key::Kind::email),
                              store::after_prefix(key::of(key::Kind::email)), 10, store::Direction::forward))
              .empty());
}

TEST_CASE("bulk: 45,000 messages in slices; rewrites in many commits; a crash in between changes nothing") {
    AccountsOptions options;
    options.rewrite_octets_max = 1;
    TestAccount t(options);
    t.deliver(inbox, message_text("one"));
    const MailboxId other = t.make("other");
    // Doubling by copies into the same mailbox makes Emails of their own.
    for (int i = 0; i < 11; ++i) t.get(t.account->copy(inbox, everything, inbox, {}));
    for (int i = 0; i < 22; ++i) t.get(t.account->copy(inbox, imap::UidSet({{1, 2'048}}), inbox, {}));
    REQUIRE(t.view()->size() == 47'104);
    t.network.run_for(std::chrono::seconds(1));

    const auto stored =
        t.get(t.account->change_flags(inbox, everything, add(flags_of({SystemFlag::seen}, {"k"}))));
    CHECK(stored.changed.size() == 47'104);
    CHECK(stored.view->status().unseen == 0);
    int cut_short = 0;
    for (int i = 0; i < 8; ++i) {  // touches enough rows to be due for a rewrite, several times
        const Mode mode = i % 2 == 0 ? Mode::add : Mode::remove;
        t.get(t.account->change_flags(inbox, everything, {mode, flags_of({SystemFlag::flagged}), {}}));
        const auto commits = t.disk->commits();
        const auto base = t.get(t.store->get(TestAccount::partition, key::of(key::Kind::base, inbox)));
        const bool more =
            t.network.run_until([&] { return t.disk->commits() >= commits + 3; }, std::chrono::seconds(1));
        cut_short +=
            more && base == t.get(t.store->get(TestAccount::partition, key::of(key::Kind::base, inbox)));
        const auto before = t.view();
        t.crash();
        REQUIRE(t.view()->status() == before->status());
        for (std::size_t k = 0; k < before->chunks().size(); ++k)
            REQUIRE(t.view()->at(before->chunk_begin(k)) == before->at(before->chunk_begin(k)));
    }
    CHECK(cut_short > 0);
    CHECK(t.problems().empty());

    CHECK(t.get(t.account->move(inbox, imap::UidSet({{1, 30'000}}), other)).to.size() == 30'000);
    CHECK(t.get(t.account->copy(other, everything, inbox, {})).to.size() == 30'000);
    CHECK(t.get(t.account->expunge(inbox, everything, false)).size() == 47'104);
    CHECK(t.get(t.account->expunge(other, everything, false)).size() == 30'000);
    CHECK(t.get(t.account->quota()).octets == 0);
    CHECK(t.problems().empty());
}

TEST_CASE("expunged ranges are kept for a year; below the floor every absent UID vanished") {
    AccountsOptions options;
    options.log_operations_max = 3;
    TestAccount t(options);
    for (int i = 0; i < 5; ++i) t.deliver(inbox, message_text(std::to_string(i)));
    t.get(t.account->expunge(inbox, imap::UidSet::of(2), false));
    const ModSequence since = t.view()->status().highest_mod_sequence;
    t.get(t.account->expunge(inbox, imap::UidSet::of(4), false));
    CHECK(to_text(t.get(t.account->vanished(inbox, since))) == "4");
    t.network.run_for(std::chrono::hours(24 * 366));
    for (int i = 0; i < 5; ++i) t.deliver(inbox, message_text("later" + std::to_string(i)));
    t.view();
    t.network.run_for(std::chrono::seconds(1));
    CHECK(to_text(t.get(t.account->vanished(inbox, since))) == "2,4");
    CHECK(t.get(t.account->vanished(inbox, t.view()->status().highest_mod_sequence)).empty());
    CHECK(t.problems().empty());
}

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
