#include <doctest/doctest.h>

#include "base/assert.h"
#include "mailbox/keys.h"
#include "mailbox/test_account.h"

namespace heliopost::mailbox {

using imap::SystemFlag;
using Mode = imap::command::Store::Mode;

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
    t.deliver(inbox, message_text(std::string(300, 's')));
    const MailboxId other = t.make("other");
    // Doubling by copies into the same mailbox makes Emails of their own.
    for (int i = 0; i < 11; ++i) t.get(t.account->copy(inbox, everything, inbox, {}));
    for (int i = 0; i < 10; ++i) t.get(t.account->copy(inbox, imap::UidSet({{1, 2'048}}), inbox, {}));
    t.get(t.account->copy(inbox, imap::UidSet({{1, 1'024}}), inbox, {}));
    const auto commits_before = t.disk->commits();
    CHECK(t.get(t.account->copy(inbox, everything, inbox, {})).to.size() == 23'552);
    CHECK(t.disk->commits() > commits_before + 1);  // more than one holds
    REQUIRE(t.view()->size() == 47'104);
    t.network.run_for(std::chrono::seconds(1));

    const auto stored =
        t.get(t.account->change_flags(inbox, everything, adding(flags_of({SystemFlag::seen}, {"k"}))));
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

}  // namespace heliopost::mailbox
