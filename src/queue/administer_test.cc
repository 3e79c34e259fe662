// What an administrator does to the queue, and sees of it.
#include <doctest/doctest.h>

#include "queue/test_queue.h"

namespace heliopost::queue {

TEST_CASE_FIXTURE(TestQueue, "queue: the administrator holds, releases, retries and drops") {
    const QueueId id = add({"x@b.example", "y@c.example"});
    CHECK(run(queue->hold(id, std::nullopt)) == 2U);
    CHECK(run(queue->hold(id, std::nullopt)) == 0U);
    CHECK(due().empty());
    restart();
    CHECK(due().empty());
    CHECK(queue->counts().held == 2);
    CHECK(run(queue->release(id, 0, world->now())) == 1U);
    auto leases = due();
    REQUIRE(leases.size() == 1);
    REQUIRE(complete(std::move(leases[0]), State::pending));
    CHECK(run(queue->retry_now(id, std::nullopt, world->now())) == 1U);
    CHECK(due().size() == 1);
    CHECK(run(queue->drop(id, 0)) == 1U);
    CHECK(run(queue->show(id))->recipients.at(0).state == State::dropped);
    CHECK(run(queue->drop(id, std::nullopt)) == 1U);
    CHECK(rows().empty());
    CHECK(run(queue->show(id)).error().fault == Fault::not_found);
    CHECK(run(queue->drop(id, std::nullopt)).error().fault == Fault::not_found);
    const QueueId other = add({"x@b.example"});
    CHECK(run(queue->hold(other, 9)).error().fault == Fault::not_found);
}

TEST_CASE_FIXTURE(TestQueue, "queue: a leased recipient can be held; a final outcome wins") {
    const QueueId id = add({"x@b.example"});
    auto leases = due();
    CHECK(run(queue->show(id))->leased == std::vector<bool>{true});
    CHECK(run(queue->hold(id, std::nullopt)) == 1U);
    REQUIRE(complete(std::move(leases.at(0)), State::pending));
    Recipient row = run(queue->show(id))->recipients.at(0);
    CHECK(row.state == State::held);
    CHECK(row.attempts == 1);
    CHECK(run(queue->show(id))->leased == std::vector<bool>{false});
    CHECK(due().empty());
    REQUIRE(run(queue->release(id, std::nullopt, world->now())));
    leases = due();
    CHECK(run(queue->hold(id, std::nullopt)) == 1U);
    REQUIRE(complete(std::move(leases.at(0)), State::delivered));
    CHECK(rows().empty());
}

TEST_CASE_FIXTURE(TestQueue, "queue: a drop takes effect on what is leased, once its attempt ended") {
    const QueueId id = add({"x@b.example", "y@b.example", "z@b.example"});
    auto leases = due();
    REQUIRE(leases.size() == 1);
    CHECK(run(queue->drop(id, std::nullopt)) == 3U);
    CHECK(run(queue->drop(id, std::nullopt)) == 0U);
    // The attempt may still read the message.
    const Shown shown = run(queue->show(id)).value();
    CHECK(shown.recipients.at(0).state == State::dropped);
    CHECK(shown.leased == std::vector<bool>{true, true, true});
    SUBCASE("what it put off is dropped, what it delivered or bounced is so") {
        std::vector<Outcome> outcomes{outcome(0, State::pending), outcome(1, State::delivered)};
        REQUIRE(run(queue->complete(std::move(leases[0]), outcomes, {})));
    }
    SUBCASE("it ends without an outcome, and the message goes with the next start") {
        leases.clear();
        CHECK(due().empty());
        restart();
    }
    CHECK(due().empty());
    CHECK(rows().empty());
    CHECK(queue->counts().entries == 0);
    CHECK(queue->counts().leased == 0);
}

TEST_CASE_FIXTURE(TestQueue, "queue: list filters, pages and shows the last reply") {
    const QueueId one = add({"x@b.example"});
    const QueueId two = add({"y@c.example"});
    auto leases = due();
    REQUIRE(complete(std::move(leases.at(0)), State::pending));
    leases.clear();
    REQUIRE(run(queue->hold(two, std::nullopt)));
    const auto ids = [&](Filter filter) {
        std::vector<QueueId> found;
        for (const Shown& shown : run(queue->list(filter)).value()) found.push_back(shown.entry->id);
        return found;
    };
    CHECK(ids({}) == std::vector{one, two});
    CHECK(ids({State::held, "", {}, 10}) == std::vector{two});
    CHECK(ids({std::nullopt, "b.example", {}, 10}) == std::vector{one});
    CHECK(ids({std::nullopt, "", {}, 1}) == std::vector{one});
    CHECK(ids({std::nullopt, "", one, 1}) == std::vector{two});
    CHECK(run(queue->list({}))->at(0).recipients.at(0).last_reply.remote_host == "mx.b.example");
}

}  // namespace heliopost::queue
