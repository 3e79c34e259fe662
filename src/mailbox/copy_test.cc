#include <doctest/doctest.h>

#include "mailbox/test_account.h"

namespace heliopost::mailbox {

using imap::SystemFlag;
using Mode = imap::command::Store::Mode;

TEST_CASE("expunge: only deleted ones, the blob's reference goes, UIDs are not used again") {
    TestAccount t;
    for (int i = 0; i < 4; ++i) t.deliver(inbox, message_text(std::to_string(i)));
    const ModSequence before = t.view()->status().highest_mod_sequence;
    t.get(t.account->change_flags(inbox, imap::UidSet({{2, 3}}), adding(flags_of({SystemFlag::deleted}))));
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

TEST_CASE(
    "copy: what one commit does not hold comes in slices, and goes again should one fail, RFC 9051 §6.4.7") {
    AccountsOptions options;
    options.copy_rows_max = 2;
    TestAccount t(options);
    for (int i = 0; i < 5; ++i)
        t.deliver(inbox, message_text(std::to_string(i)), flags_of({}, {"k" + std::to_string(i)}));
    const MailboxId other = t.make("other");
    const Copied copied = t.get(t.account->copy(inbox, imap::UidSet({{1, 3}, {5, 9}}), other, {}));
    CHECK(copied.from == std::vector{Uid(1), Uid(2), Uid(3), Uid(5)});
    CHECK(copied.to == std::vector{Uid(1), Uid(2), Uid(3), Uid(4)});
    CHECK(t.view(other)->flags_of(t.view(other)->at(3)) == flags_of({}, {"k4"}));
    CHECK(t.problems().empty());

    // The third slice finds no room for its keyword.
    const MailboxId full = t.make("full");
    std::vector<std::string> keywords;
    for (std::size_t i = 4; i < keywords_max; ++i) keywords.push_back("x" + std::to_string(i));
    t.deliver(full, message_text("there"), flags_of({}, keywords));
    const auto used = t.get(t.account->quota()).octets;
    CHECK(t.fault(t.account->copy(inbox, everything, full, {})) == Fault::too_large);
    CHECK(t.view(full)->size() == 1);
    CHECK(t.get(t.account->quota()).octets == used);
    CHECK(t.problems().empty());

    const auto commits = t.disk->commits();
    CHECK(t.fault(t.account->copy(inbox, everything, other, {used + 1, Quota::Mode::enforce})) ==
          Fault::over_quota);
    CHECK(t.disk->commits() == commits);  // known before
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

}  // namespace heliopost::mailbox
