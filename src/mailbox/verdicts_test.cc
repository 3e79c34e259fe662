#include "mailbox/verdicts.h"

#include <doctest/doctest.h>

#include "mailbox/keys.h"
#include "mailbox/test_account.h"

namespace heliopost::mailbox {
namespace {

Verdicts some_verdicts() {
    return {"192.0.2.2",
            {{"dmarc", "fail", "bank.example", "no aligned signature"}, {"spf", "pass", "bulk.example", ""}}};
}

// As a delivery that was judged.
Uid deliver_judged(TestAccount& t, const Verdicts& verdicts) {
    auto staged = t.stage(message_text("judged"));
    staged.email.verdicts = encode(verdicts);
    store::Batch batch(TestAccount::partition);
    const Filed filed = file(batch, inbox, staged.email, {}, t.world.now(), Quota{});
    std::vector<store::Batch> batches;
    batches.push_back(std::move(batch));
    const auto committed = t.get(t.store->commit(std::move(batches), {staged.blob}));
    return Uid(static_cast<std::uint32_t>(committed.parts[0].of(filed.uid)));
}

Verdicts verdicts_at(TestAccount& t, MailboxId mailbox, std::size_t index) {
    return t.get(t.account->verdicts(t.view(mailbox)->at(index).email));
}

std::size_t records(TestAccount& t) {
    const std::string low = key::of(key::Kind::verdicts);
    return t
        .get(t.store->scan(TestAccount::partition, low, store::after_prefix(low), 100,
                           store::Direction::forward))
        .size();
}

}  // namespace

TEST_CASE("verdicts: kept beside the message, with its copies, and gone when it is") {
    TestAccount t;
    CHECK(deliver_judged(t, some_verdicts()) == Uid(1));
    t.deliver(inbox, message_text("not judged"));
    CHECK(verdicts_at(t, inbox, 0) == some_verdicts());
    CHECK(verdicts_at(t, inbox, 1).all.empty());
    const MailboxId other = t.make("other");
    t.get(t.account->copy(inbox, imap::UidSet::of(1), other, {}));
    t.get(t.account->copy(inbox, imap::UidSet::of(1), inbox, {}));  // a twin: an email of its own
    t.get(t.account->move(other, everything, archive));
    CHECK(verdicts_at(t, archive, 0) == some_verdicts());
    CHECK(verdicts_at(t, inbox, 2) == some_verdicts());
    CHECK(records(t) == 2);
    CHECK(t.problems().empty());
    t.reopen();
    CHECK(verdicts_at(t, inbox, 0) == some_verdicts());
    t.get(t.account->expunge(inbox, everything, false));
    CHECK(records(t) == 1);
    CHECK(verdicts_at(t, archive, 0) == some_verdicts());
    t.get(t.account->expunge(archive, everything, false));
    CHECK(records(t) == 0);
    CHECK(t.problems().empty());
}

TEST_CASE("verdicts: erased with the account") {
    TestAccount t;
    deliver_judged(t, some_verdicts());
    t.ok(t.accounts->erase(TestAccount::id));
    CHECK(records(t) == 0);
}

TEST_CASE("verdicts: what is too much is cut, what is broken is told") {
    Verdicts large{"192.0.2.2", {}};
    for (std::size_t i = 0; i < verdicts_max + 5; ++i)
        large.all.push_back({"dkim", "fail", "d.example", std::string(10'000, 'x')});
    const std::string record = encode(large);
    CHECK(record.size() < verdicts_max * (verdict_text_octets_max + 64));
    const auto read = decode_verdicts(record);
    REQUIRE(read.has_value());
    CHECK(read->all.size() == verdicts_max);
    CHECK(read->all[0].reason == std::string(verdict_text_octets_max, 'x'));
    CHECK(encode({"192.0.2.2", {}}).empty());
    for (std::size_t octets = 0; octets < record.size(); octets += 7)
        if (const auto part = decode_verdicts(record.substr(0, octets)))
            CHECK(part->all.size() < verdicts_max);

    TestAccount t;
    deliver_judged(t, some_verdicts());
    store::Batch batch(TestAccount::partition);
    batch.put(key::of(key::Kind::verdicts, EmailId(1)), store::Tuple(std::string("\x12\xff")));
    batch.put(key::of(key::Kind::verdicts, EmailId(9)), store::Tuple(encode(some_verdicts())));
    t.get(t.store->commit(std::move(batch)));
    const auto problems = t.problems();
    REQUIRE(problems.size() == 2);
    CHECK(problems[0].contains("broken"));
    CHECK(problems[1].contains("verdicts that no mailbox holds"));
    CHECK(t.fault(t.account->verdicts(EmailId(1))) == Fault::internal);
}

}  // namespace heliopost::mailbox
