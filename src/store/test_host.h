// TestHost: one host of a memory network with a memory store, for the tests and fuzz targets of the layers
// above. Test only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "net/memory_world.h"
#include "store/memory_store.h"

namespace heliopost::store {

struct TestHost {
    static constexpr std::chrono::hours run_limit{2};  // of virtual time

    net::MemoryNetwork network{1};
    net::MemoryWorld* world;
    std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>();
    std::unique_ptr<MemoryStore> store;

    explicit TestHost(std::string name = "a.example", std::vector<std::string> addresses = {"192.0.2.1"},
                      Log::Sink sink = nullptr)
        : world(&network.add_host(std::move(name), std::move(addresses), std::move(sink))),
          store(std::make_unique<MemoryStore>(*world, disk, MemoryStore::Options{})) {}

    static void require(bool held) { ASSERT(held); }

    // What the task returns; it must end within the limit.
    template <class T>
    T run(net::Task<T> task) {
        std::optional<T> result;
        require(network.run(*world, keep_result(&result, std::move(task)), run_limit));
        ASSERT(result.has_value());
        return std::move(*result);
    }
    void run_task(net::Task<void> task) { require(network.run(*world, std::move(task), run_limit)); }
    std::chrono::microseconds passed(Instant since) const { return world->tick() - since; }

private:
    template <class T>
    static net::Task<void> keep_result(std::optional<T>* result, net::Task<T> task) {
        T value = co_await std::move(task);
        result->emplace(std::move(value));
    }
};

}  // namespace heliopost::store
