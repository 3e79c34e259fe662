// TestHost: one host of a memory network with a memory store, for the tests of this folder and above.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "net/memory_world.h"
#include "store/memory_store.h"

namespace heliopost::directory {

template <class T>
net::Task<void> keep_result(std::optional<T>* result, net::Task<T> task) {
    T value = co_await std::move(task);
    result->emplace(std::move(value));
}

struct TestHost {
    net::MemoryNetwork network{1};
    net::MemoryWorld* world = &network.add_host("a.example", {"192.0.2.1"});
    std::shared_ptr<store::MemoryDisk> disk = std::make_shared<store::MemoryDisk>();
    std::unique_ptr<store::MemoryStore> store =
        std::make_unique<store::MemoryStore>(*world, disk, store::MemoryStore::Options{});

    // What the task returns; it must end within the limit of virtual time.
    template <class T>
    T run(net::Task<T> task) {
        std::optional<T> result;
        REQUIRE(network.run(*world, keep_result(&result, std::move(task))));
        ASSERT(result.has_value());
        return std::move(*result);
    }
    std::chrono::microseconds passed(Instant since) const { return world->tick() - since; }
};

}  // namespace heliopost::directory
