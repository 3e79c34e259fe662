#include "queue/queue.h"

#include <doctest/doctest.h>

#include "net/task_group.h"
#include "queue/test_queue.h"

namespace heliopost::queue {

TEST_CASE_FIXTURE(TestQueue, "queue: an entry is leased by destination, completed and gone") {
    const QueueId id = add({"x@b.example", "y@B.Example", "z@c.example"});
    CHECK(queue->next_due() == world->now());
    CHECK(rows().size() == 4);
    CHECK(findings().empty());
    CHECK(references() == 1);
    auto leases = due();
    REQUIRE(leases.size() == 2);
    CHECK(leases[0].destination == "b.example");
    CHECK(leases[0].recipients.size() == 2);
    CHECK(leases[1].destination == "c.example");
    CHECK(leases[0].entry->id == id);
    CHECK(leases[0].entry->prefix == "Received: from x\r\n");
    CHECK(due().empty());  // leased once
    CHECK_FALSE(queue->next_due().has_value());
    CHECK(queue->counts().leased == 3);
    REQUIRE(complete(std::move(leases[0]), State::delivered));
    CHECK(rows().size() == 4);  // the other recipient is still open
    REQUIRE(complete(std::move(leases[1]), State::failed));
    CHECK(rows().empty());
    CHECK(queue->counts().entries == 0);
    CHECK(findings().empty());
    CHECK(references() == 0);
}

TEST_CASE_FIXTURE(TestQueue, "queue: a lease that ends without an outcome is due again") {
    add({"x@b.example"});
    {
        auto leases = due();
        REQUIRE(leases.size() == 1);
    }
    CHECK(due().size() == 1);
    auto leases = due();
    REQUIRE(run(queue->complete(std::move(leases.at(0)), {}, {})));  // nothing said: as it was
    leases = due();
    CHECK(leases.at(0).recipients.at(0).attempts == 0);
}

TEST_CASE_FIXTURE(TestQueue,
                  "queue: leases of an entry are split and joined, and complete as they are then") {
    const QueueId id = add({"bob@b.example", "eve@b.example", "cat@c.example"});
    bool whole = false;
    SUBCASE("completed") {
        whole = true;
    }
    SUBCASE("given back") {}
    {
        auto leases = due();
        REQUIRE(leases.size() == 2);
        Lease refused = leases[0].split({leases[0].recipients.at(1).index});
        REQUIRE(refused.recipients.size() == 1);
        CHECK(refused.recipients[0].address.local_part == "eve");
        CHECK(leases[0].recipients.size() == 1);
        refused.join(std::move(leases[1]));
        CHECK(refused.recipients.size() == 2);
        REQUIRE(complete(std::move(leases[0]), State::delivered));
        CHECK(queue->counts().leased == 2);  // joined and split ones stay leased
        CHECK(due().empty());
        if (whole) REQUIRE(complete(std::move(refused), State::failed));
    }
    CHECK(queue->counts().leased == 0);
    CHECK(queue->counts().entries == (whole ? 0 : 1));
    std::size_t again = 0;
    for (const Lease& lease : due()) again += lease.recipients.size();
    CHECK(again == (whole ? 0 : 2));
    CHECK(run(queue->show(id)).has_value() == !whole);
}

TEST_CASE_FIXTURE(TestQueue, "queue: what a clock that went back has set does not wait as long") {
    add({"x@b.example"});
    REQUIRE(complete(std::move(due().at(0)), State::pending));
    queue->not_later_than(world->now() + 10min);
    CHECK(queue->next_due() == world->now() + 5min);
    queue->not_later_than(world->now() + 1min);
    CHECK(queue->next_due() == world->now() + 1min);
    CHECK(due().empty());
    network.run_for(1min);
    CHECK(due().size() == 1);
}

TEST_CASE_FIXTURE(TestQueue, "queue: a retry waits, remembers the reply, and survives a restart") {
    const QueueId id = add({"x@b.example"});
    auto leases = due();
    REQUIRE(complete(std::move(leases.at(0)), State::pending));
    CHECK(due().empty());
    CHECK(queue->next_due() == world->now() + 5min);
    restart();
    CHECK(queue->next_due() == world->now() + 5min);
    network.run_for(5min);
    leases = due();
    REQUIRE(leases.size() == 1);
    const Recipient& row = leases[0].recipients.at(0);
    CHECK(row.attempts == 1);
    CHECK(row.first_failure == world->now() - 5min);
    CHECK(row.last_reply.text == "try  later");
    CHECK(row.last_reply.code == 450);
    restart();  // the lease is gone
    CHECK(due().size() == 1);
    CHECK(run(queue->show(id))->recipients.at(0).attempts == 1);
}

TEST_CASE_FIXTURE(TestQueue, "queue: the bounce is in the commit of the failure") {
    add({"x@b.example"});
    auto leases = due();
    NewEntry bounce = entry({"ann@a.example"});
    bounce.reverse_path = {};
    bounce.source = Source::dsn;
    const QueueId bounce_id = bounce.id;
    store::Batch batch(store::queue_partition);
    Also also;
    also.added.push_back(queue::add(batch, std::move(bounce)).value());
    also.batches.push_back(std::move(batch));
    const std::vector<Outcome> failed{outcome(0, State::failed)};
    const std::uint64_t before = disk->commits();
    REQUIRE(run(queue->complete(std::move(leases.at(0)), failed, std::move(also))));
    CHECK(disk->commits() == before + 1);
    leases = due();
    REQUIRE(leases.size() == 1);
    CHECK(leases[0].entry->id == bounce_id);
    CHECK(leases[0].entry->reverse_path.null());
}

TEST_CASE_FIXTURE(TestQueue, "queue: an outcome that cannot be written is kept, and nothing is sent twice") {
    add({"x@b.example"});
    auto leases = due();
    disk->set_failing(true);
    CHECK(complete(std::move(leases.at(0)), State::delivered).error().fault == Fault::temporary);
    CHECK(due().empty());
    CHECK(queue->counts().leased == 1);
    disk->set_failing(false);
    CHECK(due().empty());  // writes it
    CHECK(rows().empty());
    CHECK(queue->counts().entries == 0);
}

TEST_CASE_FIXTURE(TestQueue,
                  "queue: what was never told is found by rescan, and told later is not sent twice") {
    const QueueId first = add({"x@b.example"});
    const QueueId second = add({"x@b.example"}, false);
    NewEntry fresh = entry({"late@b.example"});
    store::Batch batch(store::queue_partition);
    const Added added = queue::add(batch, std::move(fresh)).value();
    REQUIRE(run(store->commit(std::move(batch))));
    CHECK(run(queue->rescan(first)) == 2U);
    CHECK(run(queue->rescan(QueueId(0))) == 0U);
    auto leases = due();
    REQUIRE(leases.size() == 3);
    CHECK(leases[1].entry->id == second);
    for (Lease& lease : leases) REQUIRE(complete(std::move(lease), State::delivered));
    queue->added(added);  // far too late
    CHECK(due().empty());
    CHECK(queue->counts().entries == 0);
}

TEST_CASE_FIXTURE(TestQueue, "queue: a busy destination holds up no other") {
    for (int i = 0; i < 50; ++i) add({"x@busy.example"});
    const QueueId last = add({"y@free.example"});
    DueQuery query;
    query.now = world->now();
    query.leases = 10;
    int asked = 0;
    query.may_start = [&asked](std::string_view destination) {
        ++asked;
        return destination != "busy.example";
    };
    const auto leases = run(queue->due(query)).value();
    REQUIRE(leases.size() == 1);
    CHECK(leases[0].entry->id == last);
    CHECK(asked == 3);  // each destination once a round
    // Without the limit both have their turn in the first round.
    query.may_start = nullptr;
    query.leases = 2;
    CHECK(run(queue->due(query))->size() == 2);
}

TEST_CASE_FIXTURE(TestQueue, "queue: past the limits an entry is refused, and nothing is written") {
    store::Batch batch(store::queue_partition);
    const auto fault = [&](NewEntry fresh) { return queue::add(batch, std::move(fresh)).error().fault; };
    CHECK(fault(entry({})) == Fault::syntax);
    NewEntry many = entry({"x@b.example"});
    many.recipients.resize(recipients_max + 1, many.recipients.front());
    CHECK(fault(many) == Fault::too_large);
    NewEntry large = entry({"x@b.example"});
    large.recipients.front().original_recipient = smtp::OriginalRecipient{"rfc822", std::string(1'000, 'o')};
    large.recipients.resize(recipients_max, large.recipients.front());
    CHECK(fault(large) == Fault::too_large);  // entry_octets_max
    NewEntry prefix = entry({"x@b.example"});
    prefix.prefix.resize(prefix_octets_max + 1);
    CHECK(fault(prefix) == Fault::too_large);
    NewEntry bare = entry({"x@b.example"});
    bare.recipients.front().address.domain.clear();
    CHECK(fault(bare) == Fault::syntax);
    CHECK(batch.puts().empty());

    NewEntry most = entry({"x@b.example"});
    most.recipients.resize(recipients_max, most.recipients.front());
    const auto added = queue::add(batch, std::move(most));
    REQUIRE(added.has_value());
    REQUIRE(run(store->commit(std::move(batch))));
    queue->added(*added);
    const auto leases = due(1'000, 100'000);
    CHECK(leases.size() == recipients_max / lease_recipients_max);
    CHECK(leases.at(0).recipients.size() == lease_recipients_max);
    CHECK(run(queue->hold(added->entry->id, std::nullopt)) == recipients_max);  // in slices
}

TEST_CASE_FIXTURE(TestQueue, "queue: an id that is taken is a conflict, not a lost message") {
    NewEntry one = entry({"x@b.example"});
    NewEntry two = entry({"y@b.example"});
    two.id = one.id;
    store::Batch first(store::queue_partition);
    store::Batch second(store::queue_partition);
    REQUIRE(queue::add(first, std::move(one)));
    REQUIRE(queue::add(second, std::move(two)));
    REQUIRE(run(store->commit(std::move(first))));
    CHECK(run(store->commit(std::move(second))).error().fault == Fault::conflict);
}

TEST_CASE_FIXTURE(TestQueue, "queue: who waits is told when something is due earlier") {
    int told = 0;
    queue->on_due([&told] { ++told; });
    add({"x@b.example"});
    CHECK(told == 1);
    network.run_for(1s);
    add({"y@b.example"});
    CHECK(told == 1);  // later than what is due already
    auto leases = due();
    leases.clear();
    CHECK(told == 2);
}

namespace {

net::Task<void> deliver(Queue* queue, Lease lease, Outcome outcome, int* done) {
    const std::vector<Outcome> outcomes(1, outcome);
    const auto recorded = co_await queue->complete(std::move(lease), outcomes, Also());
    if (recorded) ++*done;
}

}  // namespace

TEST_CASE_FIXTURE(TestQueue, "queue: leases of one entry that end together leave nothing behind") {
    store::MemoryStore::Options slow{std::chrono::milliseconds(3)};
    queue.reset();
    store = std::make_unique<store::MemoryStore>(*world, disk, slow);
    queue = make_queue(*store, world->log(), {});
    REQUIRE(run(queue->load()));
    add({"x@b.example", "y@c.example", "z@d.example"});
    auto leases = due();
    REQUIRE(leases.size() == 3);
    int done = 0;
    net::TaskGroup tasks(*world, "test");
    for (Lease& lease : leases) {
        const Outcome delivered = outcome(lease.recipients.at(0).index, State::delivered);
        tasks.spawn(deliver(queue.get(), std::move(lease), delivered, &done));
    }
    REQUIRE(network.run_until([&] { return tasks.size() == 0; }, 1min));
    CHECK(done == 3);
    CHECK(rows().empty());
    CHECK(queue->counts().entries == 0);
}

TEST_CASE("queue id: text and back, sorted, unique though the clock goes back") {
    IdSource ids;
    std::vector<QueueId> given;
    for (int i = 0; i < 1'000; ++i)
        given.push_back(
            ids.next(from_unix_milliseconds(1'800'000'000'000 - i), static_cast<unsigned>(i) * 7919U));
    CHECK(std::ranges::is_sorted(given));
    CHECK(std::ranges::adjacent_find(given) == given.end());
    for (const QueueId id : {QueueId(0), QueueId(1), given[5], QueueId(~std::uint64_t{0})}) {
        CHECK(to_text(id).size() == 13);
        CHECK(parse_queue_id(to_text(id)) == id);
    }
    CHECK(to_text(given[0]) < to_text(given[1]));
    for (const char* bad : {"", "0", "00000000000000", "g000000000000", "000000000000w", "000000000000 "})
        CHECK_FALSE(parse_queue_id(bad).has_value());
}

}  // namespace heliopost::queue
