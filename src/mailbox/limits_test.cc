// What goes past a limit of this folder that no other test names.
#include <doctest/doctest.h>

#include "mailbox/email_record.h"
#include "mailbox/keys.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/structure_record.h"
#include "mailbox/test_account.h"
#include "mailbox/turn.h"
#include "mailbox/wire_reader.h"
#include "net/task_group.h"

namespace heliopost::mailbox {
namespace {

net::Task<void> take_turn(Turn* turn, net::World* world, std::chrono::seconds keep, std::size_t* had,
                          std::size_t* refused) {
    const auto held = co_await turn->take();
    ++*(held ? had : refused);
    if (held) co_await world->sleep_until(world->after(keep));
}

}  // namespace

TEST_CASE("limits: changes of one account wait for each other, so many and so long") {
    TestAccount t;
    Turn turn(t.world);
    std::size_t had = 0;
    std::size_t refused = 0;
    net::TaskGroup tasks(t.world, "turns");
    for (std::size_t i = 0; i < turn_waiters_max + 4; ++i)
        tasks.spawn(take_turn(&turn, &t.world, i == 0 ? 2 * turn_wait_max : turn_wait_max, &had, &refused));
    t.network.run_for(std::chrono::seconds(1));
    CHECK(had == 1);
    CHECK(refused == 3);  // past turn_waiters_max
    t.network.run_for(turn_wait_max);
    CHECK(refused == turn_waiters_max + 3);  // past turn_wait_max
    tasks.stop();
    t.network.run_for(std::chrono::seconds(1));
}

TEST_CASE("limits: a mailbox of messages_max messages takes no more") {
    TestAccount t;
    t.deliver(inbox, message_text("one"));
    store::Batch batch(TestAccount::partition);
    batch.add(key::of(key::Counter::messages, inbox), static_cast<std::int64_t>(messages_max) - 1);
    t.get(t.store->commit(std::move(batch)));
    const auto appended = t.append(inbox, message_text("past"));
    REQUIRE_FALSE(appended.has_value());
    CHECK(appended.error().fault == Fault::too_large);
    const MailboxId other = t.make("other");
    t.deliver(other, message_text("two"));
    CHECK(t.fault(t.account->copy(other, everything, inbox, {})) == Fault::too_large);
}

TEST_CASE("limits: problems of an account past problems_max are one line") {
    TestAccount t;
    store::Batch batch(TestAccount::partition);
    for (std::uint64_t i = 1; i <= 2 * problems_max; ++i)
        batch.put(key::email(EmailId(1'000 + i), 0), store::Tuple(std::string("x")));
    t.get(t.store->commit(std::move(batch)));
    const auto problems = t.problems();
    CHECK(problems.size() == problems_max);
    CHECK(problems.back() == "there are more problems");
}

TEST_CASE("limits: emails whose records pass emails_octets_max come in several calls, and each comes") {
    TestAccount t;
    std::string large = "Subject: s\r\nTo: a@a.example";
    while (large.size() < 900'000) large += ",\r\n " + std::string(900, 'u') + "@a.example";
    for (int i = 0; i < 12; ++i) t.deliver(inbox, large + "\r\n\r\nbody " + std::to_string(i) + "\r\n");
    const auto view = t.view();
    std::vector<EmailId> ids;
    for (std::size_t i = 0; i < view->size(); ++i) ids.push_back(view->at(i).email);
    std::vector<std::size_t> calls;
    for (std::size_t at = 0; at < ids.size(); at += calls.back()) {
        const auto emails =
            t.get(t.account->emails({ids.begin() + static_cast<std::ptrdiff_t>(at), ids.end()}));
        REQUIRE_FALSE(emails.empty());
        for (std::size_t i = 0; i < emails.size(); ++i) {
            REQUIRE(emails[i] != nullptr);
            CHECK(emails[i]->id == ids[at + i]);
        }
        calls.push_back(emails.size());
    }
    CHECK(calls.size() > 1);
    CHECK(calls.front() * 900'000 > emails_octets_max / 2);
    CHECK(calls.front() * 900'000 < 4 * emails_octets_max);
}

TEST_CASE("limits: records that are larger or deeper than any that we write are refused") {
    mime::Structure deep;
    for (std::size_t i = 0; i <= structure_depth_max; ++i) {
        mime::Part& part = deep.parts.emplace_back();
        part.type = {.type = "multipart", .subtype = "mixed", .parameters = {}};
        part.kind = i < structure_depth_max ? mime::PartKind::multipart : mime::PartKind::leaf;
        if (i < structure_depth_max) part.children.push_back(static_cast<std::uint32_t>(i + 1));
    }
    deep.parts[0].envelope = 0;
    deep.envelopes.emplace_back();
    record::Structure out;
    write_structure(out, deep);
    CHECK_FALSE(read_structure(out).has_value());
    deep.parts.pop_back();
    deep.parts.back().kind = mime::PartKind::leaf;
    deep.parts.back().children.clear();
    out.Clear();
    write_structure(out, deep);
    CHECK(read_structure(out).has_value());

    mime::Structure long_subject;
    long_subject.parts.emplace_back().envelope = 0;
    long_subject.envelopes.emplace_back().subject = std::string(5'000, 's');
    CHECK(reduced(long_subject).envelopes[0].subject.value_or("").size() == 1'000);  // octets_max

    WireReader endless(std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 13));
    CHECK_FALSE(endless.next());  // shift_max
    CHECK(endless.broken());

    TestAccount t;
    NewEmail email = t.stage(message_text("one"), std::string(prefix_octets_max, 'p')).email;
    std::string record;
    for (const std::string& piece : encode_email(email, 1)) record += piece;
    record::Email spoiled;
    REQUIRE(spoiled.ParseFromString(record));
    spoiled.set_prefix(std::string(prefix_octets_max + 1, 'p'));
    CHECK(decode_email(EmailId(1), record).has_value());
    CHECK_FALSE(decode_email(EmailId(1), spoiled.SerializeAsString()).has_value());
}

}  // namespace heliopost::mailbox
