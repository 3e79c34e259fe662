#include "mailbox/repair.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "mailbox/base_record.h"
#include "mailbox/keys.h"
#include "mailbox/test_account.h"

namespace heliopost::mailbox {
namespace {

using key::Counter;
using key::Kind;

// An account with four messages: two in INBOX, one of them in "other" too, and one in "other" alone.
struct Damaged {
    TestAccount t;
    MailboxId other;
    std::vector<TakenOut> taken;
    std::vector<std::string> said;
    std::map<std::string, std::uint32_t> validity;

    Damaged() {
        t.deliver(inbox, message_text("one"));
        t.deliver(inbox, message_text("two"), flags_of({imap::SystemFlag::seen}, {"$Paid"}));
        other = t.make("other");
        t.get(t.account->copy(inbox, imap::UidSet::of(1), other, {}));
        t.deliver(other, message_text("three"));
        REQUIRE(t.problems().empty());
        for (const Mailbox& mailbox : t.get(t.account->list()).mailboxes)
            validity[mailbox.name] = mailbox.uid_validity.value;
    }
    void repair(const std::function<void(store::Batch&)>& plant) {
        store::Batch batch(TestAccount::partition);
        plant(batch);
        t.get(t.store->commit(std::move(batch)));
        t.reopen();
        for (int round = 0; round < 2; ++round) {
            const auto done = t.get(mailbox::repair(t.store.get(), &t.world, TestAccount::id, [&](auto rows) {
                taken.insert(taken.end(), rows.begin(), rows.end());
                return Result<>();
            }));
            if (round == 1) CHECK(done.empty());  // once is enough
            for (const auto& problem : done) {
                CHECK(problem.mended);
                said.push_back(problem.line());
            }
            // What only follows is check()'s to mend: counters.
            t.get(check(t.store.get(), TestAccount::id, nullptr, store::Mending::yes));
        }
        t.reopen();
        const auto left = t.problems();
        CHECK_MESSAGE(left.empty(), (left.empty() ? std::string() : left[0]));
    }
    // Subjects, in order.
    std::vector<std::string> in(const std::string& name) {
        const auto mailbox = t.run(t.account->find(name));
        if (!mailbox) return {"no mailbox " + name};
        std::vector<std::string> out;
        const auto view = t.view(mailbox->id);
        for (std::size_t i = 0; i < view->size(); ++i) {
            const auto emails = t.get(t.account->emails({view->at(i).email}));
            REQUIRE(emails.at(0) != nullptr);
            const auto text = t.get(t.account->read(emails[0], 0, 10'000));
            const auto at = text.find("Subject: ");
            REQUIRE(at != std::string::npos);
            out.push_back(text.substr(at + 9, text.find('\r', at) - at - 9));
        }
        return out;
    }
    bool is_renewed(const std::string& name) {
        return t.get(t.account->find(name)).uid_validity.value > validity.at(name);
    }
    using Subjects = std::vector<std::string>;
};

const store::Tuple broken{std::string("\x0a\x7f")};

}  // namespace

TEST_CASE("repair: a sound account is left alone") {
    Damaged d;
    d.repair([](auto&) {});
    CHECK(d.said.empty());
    CHECK(d.taken.empty());
    CHECK(d.in("INBOX") == Damaged::Subjects{"one", "two"});
}

TEST_CASE("repair: messages whose mailbox has no record get one again, with a new UIDVALIDITY") {
    Damaged d;
    d.repair([&](auto& b) {
        b.erase(key::of(Kind::mailbox, d.other));
        b.put(key::of(Kind::mailbox, inbox), broken);
    });
    CHECK(d.in("INBOX") == Damaged::Subjects{"one", "two"});
    CHECK(d.is_renewed("INBOX"));
    CHECK(d.in("lost+found/mailbox " + std::to_string(d.other.value)) == Damaged::Subjects{"one", "three"});
    REQUIRE(d.taken.size() == 1);
    CHECK(d.taken[0].key == key::of(Kind::mailbox, inbox));
    CHECK(d.taken[0].value == broken.str());
    CHECK_FALSE(d.taken[0].reason.empty());
}

TEST_CASE("repair: what is left of a mailbox without messages goes, and can be read in the file") {
    Damaged d;
    d.repair([](auto& b) { b.put(key::of(Kind::highest, MailboxId(99)), store::Tuple().u64(1)); });
    REQUIRE(d.taken.size() == 1);
    CHECK(d.taken[0].key == key::of(Kind::highest, MailboxId(99)));
}

TEST_CASE("repair: a mailbox that was removed is erased to its end; where it cannot be, it is there again") {
    Damaged d;
    const store::Tuple record{encode_mailbox(d.t.get(d.t.account->find("other")))};
    const auto remove = [&](auto& b) {  // as a crash leaves it: its messages are still there
        b.erase(key::of(Kind::mailbox, d.other));
        b.put(key::of(Kind::removed, d.other), record);
    };
    SUBCASE("sound") {
        d.repair([&](auto& b) { remove(b), b.put(key::of(Kind::removed, MailboxId(99)), broken); });
        CHECK(d.in("other") == Damaged::Subjects{"no mailbox other"});
        CHECK(d.in("lost+found") == Damaged::Subjects{"no mailbox lost+found"});
        CHECK(d.taken.size() == 1);  // the broken one
    }
    SUBCASE("its index is damaged") {
        d.repair([&](auto& b) { remove(b), b.erase(key::membership(EmailId(3), d.other)); });
        CHECK(d.in("lost+found/mailbox " + std::to_string(d.other.value)) ==
              Damaged::Subjects{"one", "three"});
    }
    CHECK(d.in("INBOX") == Damaged::Subjects{"one", "two"});
    CHECK(d.t.make("other") != d.other);
}

TEST_CASE("repair: the index follows the mailboxes and the records") {
    Damaged d;
    d.repair([&](auto& b) {
        b.erase(key::membership(EmailId(1), inbox));
        b.put(key::membership(EmailId(2), inbox), broken);
        b.erase(key::of(Kind::shared, EmailId(1)));
        b.put(key::of(Kind::shared, EmailId(77)), store::Tuple());
    });
    CHECK(d.in("INBOX") == Damaged::Subjects{"one", "two"});
    CHECK(d.in("other") == Damaged::Subjects{"one", "three"});
    CHECK_FALSE(d.is_renewed("other"));
    // Nobody lost it.
    CHECK(d.in("lost+found") == Damaged::Subjects{"no mailbox lost+found"});
}

TEST_CASE("repair: a message that no mailbox holds any more comes to lost+found") {
    Damaged d;
    d.repair([&](auto& b) {  // all that says that "other" holds anything
        for (const Kind kind : {Kind::operation, Kind::chunk})
            b.erase_range(key::of(kind, d.other), store::after_prefix(key::of(kind, d.other)));
    });
    CHECK(d.in("lost+found/other") == Damaged::Subjects{"three"});
    CHECK(d.in("other").empty());
    CHECK(d.in("INBOX") == Damaged::Subjects{"one", "two"});
}

TEST_CASE("repair: an email's record that nothing lists comes to lost+found") {
    Damaged d;
    d.repair([&](auto& b) {
        for (const Kind kind : {Kind::operation, Kind::chunk})
            b.erase_range(key::of(kind, d.other), store::after_prefix(key::of(kind, d.other)));
        b.erase(key::membership(EmailId(3), d.other));
    });
    CHECK(d.in("lost+found") == Damaged::Subjects{"three"});
}

TEST_CASE("repair: a message whose record cannot be read comes again, with flags, as a new one") {
    for (const bool gone : {false, true}) {
        Damaged d;
        d.repair([&](auto& b) {
            gone ? b.erase(key::email(EmailId(2), 0)) : b.put(key::email(EmailId(2), 0), broken);
            gone ? b.erase(key::email(EmailId(1), 0)) : b.put(key::email(EmailId(1), 0), broken);
        });
        CHECK(d.in("INBOX") == Damaged::Subjects{"one", "two"});
        CHECK(d.in("other") == Damaged::Subjects{"three", "one"});
        const auto view = d.t.view();
        CHECK(view->at(0).uid.value == 3);
        CHECK(view->flags_of(view->at(1)).keywords.size() == 1);
        CHECK(view->at(1).has(imap::SystemFlag::seen));
        CHECK(d.taken.size() == (gone ? 0 : 2));
        CHECK_FALSE(d.is_renewed("INBOX"));
    }
}

TEST_CASE("repair: numbers above their counter raise it, and every mailbox gets a greater UIDVALIDITY") {
    for (const std::string& counter :
         {key::of(Counter::uid, inbox), key::of(Counter::email_id), key::of(Counter::mailbox_id)}) {
        Damaged d;
        d.repair([&](auto& b) { b.add(counter, -1); });
        CHECK(d.is_renewed("INBOX"));
        CHECK(d.is_renewed("other"));
        CHECK(d.t.deliver(inbox, message_text("new")).value == 3);
        CHECK(d.in("INBOX") == Damaged::Subjects{"one", "two", "new"});
    }
}

TEST_CASE("repair: a broken base, chunk, operation or subscription is taken out; the messages stay") {
    Damaged d;
    d.repair([&](auto& b) {
        b.put(key::of(Kind::base, inbox), broken);
        b.put(key::chunk(d.other, Uid(1)), broken);
        b.put(key::at(Kind::operation, d.other, ModSequence(99)) + std::string(4, '\0'), broken);
        b.put(std::string("\x7f"), broken);
        b.put(key::of(Kind::last_uid_validity), broken);
    });
    CHECK(d.taken.size() == 5);
    CHECK(d.in("INBOX") == Damaged::Subjects{"one", "two"});
    CHECK(d.in("other") == Damaged::Subjects{"one", "three"});
    CHECK(d.is_renewed("INBOX"));
}

TEST_CASE("repair: two mailboxes of one name are two again") {
    Damaged d;
    d.repair([&](auto& b) {
        b.put(key::of(Kind::mailbox, d.other),
              store::Tuple(encode_mailbox({d.other, "Junk", Role::none, true, UidValidity(1)})));
    });
    CHECK(d.in("Junk").empty());
    CHECK(d.in("lost+found/mailbox " + std::to_string(d.other.value)) == Damaged::Subjects{"one", "three"});
}

TEST_CASE("repair: a mailbox that cannot be read as a whole loses nothing by it") {
    Damaged d;
    store::Batch batch(TestAccount::partition);
    // An append that goes back: every row can be read, and together they cannot be.
    const auto rows = d.t.get(d.t.store->scan(TestAccount::partition, key::of(Kind::operation, inbox),
                                              store::after_prefix(key::of(Kind::operation, inbox)), 1,
                                              store::Direction::forward));
    batch.put(key::at(Kind::operation, inbox, ModSequence(1'000)) + std::string("\0\0\0\1", 4),
              store::Tuple(rows.at(0).second));
    d.t.get(d.t.store->commit(std::move(batch)));
    d.t.reopen();
    const auto done =
        d.t.get(repair(d.t.store.get(), &d.t.world, TestAccount::id, [](const auto&) { return Result<>(); }));
    CHECK(done.empty());
    CHECK_FALSE(d.t.problems().empty());
    CHECK(d.in("other") == Damaged::Subjects{"one", "three"});
}

TEST_CASE("repair: nothing is taken out that could not be kept") {
    Damaged d;
    store::Batch batch(TestAccount::partition);
    batch.put(std::string("\x7f"), broken);
    d.t.get(d.t.store->commit(std::move(batch)));
    CHECK(d.t.fault(repair(d.t.store.get(), &d.t.world, TestAccount::id, [](const auto&) -> Result<> {
        return fail(Fault::temporary, "the disk is full");
    })) == Fault::temporary);
    const auto row = d.t.get(d.t.store->get(TestAccount::partition, "\x7f"));
    CHECK(row == broken.str());
}

TEST_CASE("rescue: a blob that only a reference knows comes to lost+found once") {
    Damaged d;
    auto staged = d.t.stage(message_text("alone"));
    store::Batch batch(TestAccount::partition);
    batch.reference(staged.blob.ref.id, store::Tuple().u64(55));
    std::vector<store::Batch> batches;
    batches.push_back(std::move(batch));
    d.t.get(d.t.store->commit(std::move(batches), {staged.blob}));
    d.t.reopen();
    const auto blob = staged.blob.ref.id;
    const auto run = [&] {
        return d.t.get(rescue(d.t.store.get(), &d.t.world, TestAccount::id, blob, EmailId(55)));
    };
    CHECK(run() == Rescued::came);
    CHECK(run() == Rescued::was_there);
    CHECK(d.in("lost+found") == Damaged::Subjects{"alone"});
    CHECK(d.t.problems().empty());
    CHECK(d.t.get(rescue(d.t.store.get(), &d.t.world, TestAccount::id, store::BlobId{}, EmailId(5))) ==
          Rescued::unreadable);
}

}  // namespace heliopost::mailbox
