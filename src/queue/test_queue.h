// TestQueue: a queue on a host of a memory network, with one blob that its entries share. Test only.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "queue/check.h"
#include "queue/queue.h"
#include "queue/records.h"
#include "store/keys.h"
#include "store/test_host.h"

namespace heliopost::queue {

using namespace std::chrono_literals;

struct TestQueue : store::TestHost {
    std::unique_ptr<Queue> queue = make_queue(*store, world->log(), {});
    store::BlobRef blob;

    TestQueue() {
        REQUIRE(run(queue->load()).has_value());
        const auto writer = store->blobs().writer(1'000);
        REQUIRE(run(writer->append("hello")).has_value());
        std::vector<store::StagedBlob> staged{run(writer->finish()).value()};
        blob = staged[0].ref;
        REQUIRE(run(store->commit(std::vector<store::Batch>(), std::move(staged))).has_value());
    }

    NewEntry entry(const std::vector<std::string>& recipients) {
        NewEntry fresh;
        fresh.id = queue->next_id(*world);
        fresh.reverse_path = {"ann", "a.example"};
        fresh.created = world->now();
        fresh.expiry = fresh.created + RetryOptions().expire_after;
        fresh.identity = AccountId(7);
        fresh.blob = blob;
        fresh.prefix = "Received: from x\r\n";
        for (const std::string& text : recipients)
            fresh.recipients.push_back({smtp::parse_address(text).value(), {}, std::nullopt});
        return fresh;
    }
    QueueId add(const std::vector<std::string>& recipients, bool tell = true) {
        NewEntry fresh = entry(recipients);
        const QueueId id = fresh.id;
        store::Batch batch(store::queue_partition);
        auto added = queue::add(batch, std::move(fresh));
        REQUIRE(added.has_value());
        REQUIRE(run(store->commit(std::move(batch))).has_value());
        if (tell) queue->added(*added);
        return id;
    }
    std::vector<Lease> due(std::size_t leases = 100, std::size_t recipients = 100) {
        DueQuery query;
        query.now = world->now();
        query.leases = leases;
        query.recipients = recipients;
        return run(queue->due(query)).value();
    }
    Outcome outcome(std::uint32_t index, State state, std::chrono::minutes wait = 5min) {
        Outcome one;
        one.index = index;
        one.state = state;
        one.at = world->now();
        one.next_attempt = world->now() + wait;
        one.reply = {450, {4, 2, 0}, "try\r\nlater", "mx.b.example"};
        return one;
    }
    Result<void> complete(Lease lease, State state) {
        std::vector<Outcome> outcomes;
        for (const Recipient& recipient : lease.recipients)
            outcomes.push_back(outcome(recipient.index, state));
        return run(queue->complete(std::move(lease), outcomes, {}));
    }
    void restart() {
        queue.reset();
        store = std::make_unique<store::MemoryStore>(*world, disk, store::MemoryStore::Options{});
        queue = make_queue(*store, world->log(), {});
        REQUIRE(run(queue->load()).has_value());
    }
    std::vector<store::KeyValue> rows() {
        return run(store->scan(store::queue_partition, "", "", 100'000, store::Direction::forward)).value();
    }
    std::size_t references() {
        const std::string low = store::reference_prefix(blob.id);
        return run(store->scan({store::PartitionId::Kind::blobs, 0}, low, store::after_prefix(low), 100,
                               store::Direction::forward))
            ->size();
    }
    std::vector<store::Problem> findings() {
        Check check;
        for (const auto& [key, value] : rows()) check.row(key, value);
        check.finish();
        return check.findings();
    }
};

}  // namespace heliopost::queue
