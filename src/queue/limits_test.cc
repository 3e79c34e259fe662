// What goes past a limit of this folder that no other test names.
#include <doctest/doctest.h>

#include "queue/test_queue.h"

namespace heliopost::queue {

TEST_CASE_FIXTURE(TestQueue, "limits: one call gives so many leases and so many entries, the next the rest") {
    store::Batch batch(store::queue_partition);
    std::vector<Added> all;
    for (std::size_t i = 0; i < leases_max + 5; ++i)
        all.push_back(queue::add(batch, entry({"x@d" + std::to_string(i) + ".example"})).value());
    REQUIRE(run(store->commit(std::move(batch))).has_value());
    for (const Added& one : all) queue->added(one);
    Filter filter;
    filter.limit = 10 * list_max;
    const auto listed = run(queue->list(filter)).value();
    CHECK(listed.size() == list_max);
    filter.after = listed.back().entry->id;
    CHECK(run(queue->list(filter))->size() == 5);
    const auto leases = due(10 * leases_max);
    CHECK(leases.size() == leases_max);
    CHECK(due(10 * leases_max).size() == 5);
}

TEST_CASE_FIXTURE(TestQueue,
                  "limits: room_rows, or rows_max, counts recipients, however few messages they share") {
    QueueOptions options;
    CHECK(options.room_rows == rows_max);
    options.room_rows = 4;
    queue = make_queue(*store, world->log(), options);
    REQUIRE(run(queue->load()).has_value());
    add({"x@b.example", "y@c.example", "z@d.example"});
    CHECK(queue->has_room());
    add({"x@b.example"});
    CHECK_FALSE(queue->has_room());
    for (Lease& lease : due()) REQUIRE(complete(std::move(lease), State::delivered).has_value());
    CHECK(queue->has_room());
}

TEST_CASE_FIXTURE(
    TestQueue,
    "limits: room_account_rows, or account_rows_max, is one submitter's share, over a restart too") {
    QueueOptions options;
    CHECK(options.room_account_rows == account_rows_max);
    CHECK(options.room_outside_rows == outside_rows_max);
    CHECK(account_rows_max < outside_rows_max);
    CHECK(outside_rows_max < rows_max);
    options.room_account_rows = 4;
    options.room_outside_rows = 6;
    const AccountId submitter(7);  // of what add() adds
    const AccountId other(8);
    const auto reopen = [&] {
        queue = make_queue(*store, world->log(), options);
        REQUIRE(run(queue->load()).has_value());
    };
    reopen();
    add({"x@b.example", "y@c.example", "z@d.example"});
    for (int start = 0; start < 2; ++start) {
        CHECK(queue->has_room_for(submitter, 1));
        CHECK_FALSE(queue->has_room_for(submitter, 2));
        CHECK(queue->has_room_for(other, 4));
        CHECK_FALSE(queue->has_room_for(other, 5));
        CHECK(queue->has_room_for(AccountId(), 6));
        CHECK_FALSE(queue->has_room_for(AccountId(), 7));
        CHECK(queue->has_room());
        reopen();
    }
    for (Lease& lease : due()) REQUIRE(complete(std::move(lease), State::delivered).has_value());
    CHECK(queue->has_room_for(submitter, 4));
}

namespace {

// Another store, of which one row cannot be read for a while.
class PartlyUnreadable final : public store::Store {
public:
    explicit PartlyUnreadable(store::Store& of) : of_(of) {}
    std::string unreadable;  // a key of the queue

    net::Task<Result<store::Committed>> commit(std::vector<store::Batch> batches,
                                               std::vector<store::StagedBlob> blobs) override {
        return of_.commit(std::move(batches), std::move(blobs));
    }
    net::Task<Result<std::optional<std::string>>> get(store::PartitionId partition,
                                                      std::string key) override {
        return of_.get(partition, std::move(key));
    }
    net::Task<Result<std::vector<std::optional<std::string>>>> multi_get(
        store::PartitionId partition, std::vector<std::string> keys) override {
        if (std::ranges::find(keys, unreadable) != keys.end())
            co_return fail(Fault::internal, "the store could not be read");
        co_return co_await of_.multi_get(partition, std::move(keys));
    }
    net::Task<Result<std::vector<store::KeyValue>>> scan(store::PartitionId partition, std::string low,
                                                         std::string high, std::size_t limit,
                                                         store::Direction direction) override {
        return of_.scan(partition, std::move(low), std::move(high), limit, direction);
    }
    net::Task<Result<std::uint64_t>> counter(store::PartitionId partition, std::string name) override {
        return of_.counter(partition, std::move(name));
    }
    net::Task<Result<std::vector<store::Change>>> changes(AccountId account, ModSequence above,
                                                          std::size_t limit) override {
        return of_.changes(account, above, limit);
    }
    std::unique_ptr<store::Subscription> subscribe(store::PartitionId partition, net::World& on,
                                                   std::function<void(store::Notice)> heard) override {
        return of_.subscribe(partition, on, std::move(heard));
    }
    bool has_space() const override { return of_.has_space(); }
    store::BlobStore& blobs() override { return of_.blobs(); }

private:
    store::Store& of_;
};

}  // namespace

TEST_CASE_FIXTURE(TestQueue, "due: a row that cannot be read keeps no other back, and comes again later") {
    const QueueId bad = add({"x@b.example", "y@b.example"});
    const QueueId good = add({"x@b.example"});
    add({"x@c.example"});
    PartlyUnreadable damaged(*store);
    damaged.unreadable = recipient_key(bad, 1);
    queue = make_queue(damaged, world->log(), {});  // nothing is in the cache now
    REQUIRE(run(queue->load()).has_value());
    auto leases = due();
    REQUIRE(leases.size() == 2);
    CHECK(std::ranges::any_of(leases, [&](const Lease& lease) { return lease.entry->id == good; }));
    CHECK(std::ranges::none_of(leases, [&](const Lease& lease) { return lease.entry->id == bad; }));
    for (Lease& lease : leases) REQUIRE(complete(std::move(lease), State::delivered).has_value());
    CHECK(due().empty());
    CHECK(queue->next_due() == world->now() + unreadable_wait);
    CHECK(queue->counts().leased == 0);

    damaged.unreadable.clear();
    network.run_for(unreadable_wait);
    leases = due();
    REQUIRE(leases.size() == 1);
    CHECK(leases[0].recipients.size() == 2);
    leases.clear();
    queue.reset();
}

TEST_CASE_FIXTURE(TestQueue, "limits: what a remote host said is cut, an ENVID past its limit refused") {
    const QueueId id = add({"x@b.example"});
    auto leases = due();
    Outcome one = outcome(0, State::pending);
    one.reply.text = std::string(10 * reply_text_octets_max, 't');
    one.reply.remote_host = std::string(10 * remote_host_octets_max, 'h');
    REQUIRE(run(queue->complete(std::move(leases.at(0)), {one}, {})).has_value());
    const LastReply kept = run(queue->show(id))->recipients.at(0).last_reply;
    CHECK(kept.text.size() == reply_text_octets_max);
    CHECK(kept.remote_host.size() == remote_host_octets_max);

    store::Batch batch(store::queue_partition);
    NewEntry named = entry({"x@b.example"});
    named.envelope_id = std::string(101, 'e');  // envelope_id_octets_max
    CHECK(queue::add(batch, std::move(named)).error().fault == Fault::too_large);
}

TEST_CASE_FIXTURE(TestQueue, "limits: entries past cache_octets_max are read from the store when due") {
    const std::size_t count = cache_octets_max / prefix_octets_max + 20;
    for (std::size_t i = 0; i < count; ++i) {
        NewEntry large = entry({"x@b.example"});
        large.prefix = std::string(prefix_octets_max, 'p');
        store::Batch batch(store::queue_partition);
        const Added added = queue::add(batch, std::move(large)).value();
        REQUIRE(run(store->commit(std::move(batch))).has_value());
        queue->added(added);
    }
    const auto leases = due(leases_max);
    REQUIRE(leases.size() == count);
    for (const Lease& lease : leases) CHECK(lease.entry->prefix.size() == prefix_octets_max);
}

TEST_CASE("limits: jitter_percent_max keeps a wait from becoming none") {
    RetryOptions options;
    options.jitter_percent = 5'000;
    for (std::uint64_t random = 0; random < 2'000'000; random += 997) {
        const auto wait = wait_after(options, 1, random);
        CHECK(wait >= options.first / 10);
        CHECK(wait <= options.first * 2);
    }
}

}  // namespace heliopost::queue
