#include "queue/hold_all.h"

#include <doctest/doctest.h>

#include "queue/test_queue.h"

namespace heliopost::queue {

TEST_CASE_FIXTURE(TestQueue, "hold all: what waits is held, over a restart, until it is released") {
    const QueueId first = add({"x@b.example", "y@c.example"});
    const QueueId second = add({"z@b.example"});
    REQUIRE(run(queue->drop(first, 1)) == 1U);  // done with: stays so
    CHECK(run(hold_all(store.get())) == 2U);
    CHECK(run(hold_all(store.get())) == 0U);
    restart();
    CHECK(due().empty());
    CHECK(queue->counts().held == 2);
    CHECK(findings().empty());
    CHECK(run(queue->release(second, std::nullopt, world->now())) == 1U);
    auto leases = due();
    REQUIRE(leases.size() == 1);
    CHECK(leases[0].recipients.size() == 1);
    CHECK(run(queue->show(first))->recipients.at(1).state == State::dropped);
}

TEST_CASE_FIXTURE(TestQueue, "hold all: more than a commit holds, and rows that cannot be read") {
    for (int i = 0; i < 600; ++i) add({"x@b.example", "y@b.example"}, false);
    store::Batch batch(store::queue_partition);
    batch.put(recipient_key(QueueId(5), 0), store::Tuple(std::string("x")));
    REQUIRE(run(store->commit(std::move(batch))).has_value());
    CHECK(run(hold_all(store.get())) == 1'200U);
    CHECK(run(hold_all(store.get())) == 0U);
}

}  // namespace heliopost::queue
