#include <doctest/doctest.h>

#include "mailbox/test_account.h"

namespace heliopost::mailbox {

using imap::SystemFlag;
using Mode = imap::command::Store::Mode;

TEST_CASE("flags: add, remove, replace; what does not change keeps its mod-sequence") {
    TestAccount t;
    for (int i = 0; i < 3; ++i) t.deliver(inbox, message_text(std::to_string(i)));
    auto changed = t.get(
        t.account->change_flags(inbox, imap::UidSet({{1, 2}}), adding(flags_of({SystemFlag::seen}, {"a"}))));
    CHECK(to_text(changed.changed) == "1:2");
    CHECK(changed.view->status().unseen == 1);
    const ModSequence first = changed.view->at(0).mod_sequence;
    changed = t.get(t.account->change_flags(inbox, everything, adding(flags_of({SystemFlag::seen}, {"A"}))));
    CHECK(to_text(changed.changed) == "3");
    CHECK(changed.view->at(0).mod_sequence == first);
    CHECK(changed.view->keywords() == std::vector<std::string>{"a"});
    changed = t.get(t.account->change_flags(inbox, everything, adding(flags_of({SystemFlag::seen}))));
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
    CHECK(
        t.get(t.account->change_flags(inbox, imap::UidSet({{10, 20}}), adding(flags_of({SystemFlag::seen}))))
            .changed.empty());
    CHECK(t.fault(t.account->change_flags(MailboxId(99), everything, adding({}))) == Fault::not_found);
    CHECK(t.problems().empty());
}

TEST_CASE("UNCHANGEDSINCE: RFC 7162 §3.1.3") {
    TestAccount t;
    for (int i = 0; i < 3; ++i) t.deliver(inbox, message_text(std::to_string(i)));
    const ModSequence since = t.view()->status().highest_mod_sequence;
    t.get(t.account->change_flags(inbox, imap::UidSet::of(2), adding(flags_of({SystemFlag::seen}))));
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
        t.get(t.account->change_flags(inbox, everything, adding(flags_of({}, {"k" + std::to_string(i)}))));
    CHECK(t.fault(t.account->change_flags(inbox, everything, adding(flags_of({}, {"more"})))) ==
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

}  // namespace heliopost::mailbox
