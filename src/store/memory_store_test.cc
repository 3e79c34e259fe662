#include "store/memory_store.h"

#include <doctest/doctest.h>

#include "store/test_world.h"

namespace heliopost::store {
namespace {

const PartitionId only_rows = account_partition(AccountId(7));

Batch put_row(std::string key, std::string value) {
    Batch batch(only_rows);
    batch.put(std::move(key), std::move(value));
    return batch;
}

}  // namespace

TEST_CASE("memory store: a commit that is not yet synced is not to be seen, and gone after a crash") {
    TestWorld world;
    const auto disk = std::make_shared<MemoryDisk>();
    bool stopped = false;
    {
        MemoryStore store(world, disk, {.sync_delay = std::chrono::milliseconds(5)});
        REQUIRE(world.run(store.commit(put_row("a", "1"))).has_value());

        boost::asio::co_spawn(world.loop, store.commit(put_row("b", "2")),
                              [&](std::exception_ptr error, auto) { stopped = error != nullptr; });
        world.loop.restart();
        world.loop.poll();  // submitted; the sync is 5 ms away
        store.crash();
        world.loop.restart();
        world.loop.run();
        const auto read = [&] { return world.run(store.get(only_rows, "a")).has_value(); };
        const auto write = [&] { return world.run(store.commit(put_row("c", "3"))).has_value(); };
        CHECK_THROWS_AS(read(), net::Stopped);
        CHECK_THROWS_AS(write(), net::Stopped);
    }
    CHECK(stopped);
    MemoryStore again(world, disk, {});
    CHECK(world.run(again.get(only_rows, "a")).value() == "1");
    CHECK_FALSE(world.run(again.get(only_rows, "b")).value().has_value());
    CHECK_FALSE(world.run(again.get(only_rows, "c")).value().has_value());
    CHECK(disk->commits() == 1);
}

TEST_CASE("memory store: a failing disk refuses all, then goes on") {
    TestWorld world;
    const auto disk = std::make_shared<MemoryDisk>();
    MemoryStore store(world, disk, {});
    disk->set_failing(true);
    CHECK(world.run(store.commit(put_row("a", "1"))).error().fault == Fault::temporary);
    disk->set_failing(false);
    CHECK(world.run(store.commit(put_row("a", "1"))).has_value());
}

TEST_CASE(
    "memory store: a sync that fails ends the store; what it was to write is all there, or nothing of it") {
    for (const auto how : {MemoryDisk::Broken::lost, MemoryDisk::Broken::written}) {
        TestWorld world;
        const auto disk = std::make_shared<MemoryDisk>();
        bool died = false;
        bool stopped = false;
        MemoryStore store(world, disk, {.died = [&died] { died = true; }});
        disk->break_next_sync(how);
        boost::asio::co_spawn(world.loop, store.commit(put_row("a", "1")),
                              [&](std::exception_ptr error, auto) { stopped = error != nullptr; });
        world.loop.restart();
        world.loop.poll();
        CHECK(died);
        CHECK_FALSE(stopped);  // nobody is told anything before the end
        store.crash();
        world.loop.restart();
        world.loop.run();
        CHECK(stopped);
        MemoryStore again(world, disk, {});
        CHECK(world.run(again.get(only_rows, "a")).value().has_value() ==
              (how == MemoryDisk::Broken::written));
    }
}

TEST_CASE("memory store: a read that takes its time sees what was committed meanwhile") {
    TestWorld world;
    MemoryStore store(world, std::make_shared<MemoryDisk>(),
                      {.read_delay = [] { return std::chrono::milliseconds(5); }});
    std::string read;
    boost::asio::co_spawn(world.loop, store.get(only_rows, "a"),
                          [&](std::exception_ptr, auto row) { read = row.value().value_or("nothing"); });
    REQUIRE(world.run(store.commit(put_row("a", "1"))).has_value());
    world.loop.restart();
    world.loop.run();
    CHECK(read == "1");
}

}  // namespace heliopost::store
