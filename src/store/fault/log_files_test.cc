#include "store/log_files.h"

#include <doctest/doctest.h>
#include <rocksdb/file_system.h>

#include <filesystem>
#include <random>
#include <string>

#include "store/fault/fault_engine.h"

namespace heliopost::store::fault {
namespace {

constexpr size_t small_memtable = 64 * 1024;
constexpr int blobs = 20;

// Octets that do not compress.
std::string noise(size_t octets, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::string out(octets, '\0');
    for (char& octet : out) octet = static_cast<char>(random());
    return out;
}

net::Task<Result<>> write_chunks(Store* store, std::uint64_t seed) {
    const auto writer = store->blobs().writer(3 * chunk_octets);
    CO_TRY(co_await writer->append(noise(2 * chunk_octets + 1, seed)));
    co_return Result<>{};
}

struct OneLog {
    TestDirectory directory;
    std::shared_ptr<FaultDisk> disk;
    std::unique_ptr<rocksdb::Env> below;
    int failures = 0;
    std::unique_ptr<rocksdb::Env> files;

    explicit OneLog(std::uint64_t seed) : disk(std::make_shared<FaultDisk>(seed)) {
        std::filesystem::create_directories(directory.store());
        below = make_fault_env(disk, directory.store());
        files = make_log_files(*below, [this](const rocksdb::Status&) { ++failures; });
    }
    std::unique_ptr<rocksdb::FSWritableFile> make(const std::string& name) {
        std::unique_ptr<rocksdb::FSWritableFile> file;
        const auto status =
            files->GetFileSystem()->NewWritableFile(directory.store() + "/" + name, {}, &file, nullptr);
        CHECK(status.ok() == (file != nullptr));
        return file;
    }
};

}  // namespace

// What is written without a sync lies in one log, the commit that needs it in the next: a power cut that kept
// the second and not the first left a message without its first octets.
TEST_CASE("log files: no log is written while the one before is not on the disk") {
    FaultEngine engine(1, small_memtable);
    REQUIRE(engine.open());
    for (std::uint64_t i = 1; i <= blobs; ++i) REQUIRE(engine.world.run(write_chunks(engine.store.get(), i)));
    CHECK(engine.disk->steps() > 2 * blobs);
    CHECK_FALSE(engine.disk->log_overtaken());
}

TEST_CASE("log files: a log is synced when the next one is made") {
    for (const bool next : {false, true}) {
        bool lost = false;
        for (std::uint64_t seed = 1; seed <= 8; ++seed) {
            OneLog logs(seed);
            const auto first = logs.make("1.log");
            REQUIRE(first->Append("one", {}, nullptr).ok());
            REQUIRE(logs.disk->sync_names() == Answer::done);
            const auto second = logs.make(next ? "2.log" : "2.sst");
            if (next) CHECK(logs.disk->image().at("1.log") == "one");
            lost = lost || logs.disk->image().at("1.log").empty();
        }
        CHECK(lost == !next);
    }
}

TEST_CASE("log files: a closed log is left alone") {
    OneLog logs(1);
    auto first = logs.make("1.log");
    REQUIRE(first->Close({}, nullptr).ok());
    CHECK(logs.make("2.log") != nullptr);
    first = logs.make("3.log");
    first.reset();
    CHECK(logs.make("4.log") != nullptr);
    CHECK(logs.failures == 0);
}

// The kernel reports an error of a file once: who asks again hears that all is well.
TEST_CASE("log files: a sync that fails is told before anybody can sync that log again") {
    OneLog logs(1);
    const auto log = logs.make("1.log");
    const auto table = logs.make("2.sst");
    REQUIRE(log->Append("one", {}, nullptr).ok());
    REQUIRE(table->Append("two", {}, nullptr).ok());
    logs.disk->plan({.trouble = Trouble::input_output_error, .at_step = 1, .lasting = true});
    CHECK_FALSE(table->Sync({}, nullptr).ok());
    CHECK(logs.failures == 0);  // the engine sees to it
    CHECK_FALSE(log->Sync({}, nullptr).ok());
    CHECK(logs.failures == 1);
    CHECK_FALSE(log->Fsync({}, nullptr).ok());
    CHECK(logs.failures == 2);
    CHECK(logs.make("3.log") == nullptr);  // the first is not whole
    CHECK(logs.failures == 3);
    CHECK(log->Close({}, nullptr).ok());
}

}  // namespace heliopost::store::fault
