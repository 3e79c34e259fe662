// The engines as the conformance tests see them: open, close and open again on the same disk.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "store/memory_store.h"
#include "store/rocks_store.h"
#include "store/test_world.h"

namespace heliopost::store {

// A directory of its own that goes with it.
class TestDirectory {
public:
    TestDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "heliopost-store-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path = pattern;
    }
    ~TestDirectory() { std::filesystem::remove_all(path); }
    TestDirectory(const TestDirectory&) = delete;
    TestDirectory& operator=(const TestDirectory&) = delete;

    std::string path;
    std::string store() const { return path + "/store"; }
};

struct MemoryEngine {
    static constexpr bool keeps_unsynced = true;  // over reopen()
    TestWorld world;
    std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>();
    std::unique_ptr<Store> store = std::make_unique<MemoryStore>(world, disk, MemoryStore::Options{});

    void reopen() {
        store.reset();
        store = std::make_unique<MemoryStore>(world, disk, MemoryStore::Options{});
    }
    void flush() {}
    void fill_disk() { disk->set_full(true); }
};

struct RocksEngine {
    static constexpr bool keeps_unsynced = true;
    TestDirectory directory;
    TestWorld world;
    std::unique_ptr<Store> store;
    int open_files_max = RocksOptions().open_files_max;

    RocksEngine() { open(std::nullopt); }
    void open(std::optional<std::uint64_t> reserve) {
        store.reset();
        RocksOptions options;
        options.path = directory.store();
        options.disk_reserve = reserve.value_or(0);
        options.clock = [this] { return world.now(); };
        options.open_files_max = open_files_max;
        auto opened = RocksStore::open(std::move(options));
        if (!opened) throw std::runtime_error(opened.error().text);
        store = std::move(*opened);
    }
    void reopen() { open(std::nullopt); }
    void flush() { dynamic_cast<RocksStore&>(*store).flush(); }
    void fill_disk() { open(UINT64_MAX); }
};

}  // namespace heliopost::store

// The engines that the suites run over; store/fault/ has another.
#ifndef HELIOPOST_ENGINES
#define HELIOPOST_ENGINES MemoryEngine, RocksEngine
#endif
