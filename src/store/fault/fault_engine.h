// A RocksStore on a FaultDisk: what it is closed with is a power cut. For tests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "store/fault/fault_disk.h"
#include "store/fault/fault_file_system.h"
#include "store/test_engines.h"

namespace heliopost::store::fault {

struct FaultEngine {
    static constexpr bool keeps_unsynced = false;
    TestDirectory directory;
    TestWorld world;
    std::uint64_t seed = 1;
    size_t memtable_octets = RocksOptions().memtable_octets;
    std::shared_ptr<FaultDisk> disk = std::make_shared<FaultDisk>(seed);
    Image left;  // by the last cut: what was opened after it
    std::unique_ptr<rocksdb::Env> env;
    std::unique_ptr<Store> store;

    FaultEngine() { (void)open_or_throw(std::nullopt); }
    FaultEngine(std::uint64_t of, size_t memtable)  // does not open it
        : seed(of), memtable_octets(memtable), disk(std::make_shared<FaultDisk>(of)) {}

    Result<> open(std::optional<std::uint64_t> reserve = std::nullopt) {
        env = make_fault_env(disk, directory.store());
        RocksOptions options;
        options.path = directory.store();
        options.env = env.get();
        options.disk_reserve = reserve.value_or(0);
        options.memtable_octets = memtable_octets;
        options.clock = [this] { return world.now(); };
        store = TRY(RocksStore::open(std::move(options)));
        return {};
    }
    // Ends the process that holds the store; the disk is then as the cut left it, or would have left it now.
    void power_off() {
        left = disk->image();
        store.reset();
        env.reset();
        write_image(left, directory.store());
        disk = std::make_shared<FaultDisk>(++seed, left);
    }
    void open_or_throw(std::optional<std::uint64_t> reserve) {
        const auto opened = open(reserve);
        if (!opened) throw std::runtime_error(opened.error().text);
    }

    // As the conformance suite has it: test_engines.h.
    void reopen() {
        power_off();
        open_or_throw(std::nullopt);
    }
    void flush() { dynamic_cast<RocksStore&>(*store).flush(); }
    void fill_disk() {
        power_off();
        open_or_throw(UINT64_MAX);
    }
};

}  // namespace heliopost::store::fault
