#include "store/rocks_store.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "crypto/sha256.h"
#include "store/keys.h"
#include "store/rocks_database.h"
#include "store/rocks_log.h"
#include "store/rocks_log_record.h"
#include "store/test_engines.h"

namespace heliopost::store {
namespace {

const PartitionId account = account_partition(AccountId(7));

Batch deliver(std::string value) {
    Batch batch(account);
    const Slot mod_sequence = batch.mod_sequence();
    const Slot uid = batch.next("uid");
    batch.add("messages", 1);
    batch.put(Tuple().octets("m").slot32(uid), Tuple().slot(mod_sequence).octets(value));
    batch.log(ChangeKind::membership, 1, Tuple().slot32(uid));
    return batch;
}

// Many deliveries, one after the other; says how many went through.
net::Task<int> deliver_many(Store* store, int count,
                            std::vector<std::pair<std::uint64_t, std::uint64_t>>* got) {
    int done = 0;
    for (int i = 0; i < count; ++i) {
        const auto committed = co_await store->commit(deliver(std::string(200, 'x')));
        if (!committed) break;
        got->emplace_back(committed->parts[0].slots[1], committed->parts[0].mod_sequence.value);
        ++done;
    }
    co_return done;
}

constexpr char store_variable[] = "HELIOPOST_TEST_STORE", pipe_variable[] = "HELIOPOST_TEST_PIPE";

net::Task<void> deliver_and_tell(Store* store, int pipe) {
    while (true) {
        const auto committed = co_await store->commit(deliver("y"));
        if (!committed) co_return;
        const std::uint64_t row[2] = {committed->parts[0].slots[1], committed->parts[0].slots[0]};
        if (::write(pipe, row, sizeof row) != sizeof row) co_return;
    }
}

std::string newest_log(const std::string& store) {
    std::string newest;
    for (const auto& entry : std::filesystem::directory_iterator(store))
        if (entry.path().extension() == ".log" && entry.file_size() > 0)
            newest = std::max(newest, entry.path().string());
    return newest;
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::string& octets) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << octets;
}

Result<std::unique_ptr<RocksStore>> open(
    const std::string& path, RocksOptions::Recovery recovery = RocksOptions::Recovery::refuse_damaged) {
    RocksOptions options;
    options.path = path;
    options.disk_reserve = 0;
    options.recovery = recovery;
    return RocksStore::open(options);
}

size_t rows_in(Store& store, TestWorld& world) {
    return world.run(store.scan(account, "", "", 1'000'000, Direction::forward)).value().size();
}

std::string log_of_deliveries(const TestDirectory& directory, int count) {
    TestWorld world;
    auto store = open(directory.store()).value();
    std::vector<std::pair<std::uint64_t, std::uint64_t>> got;
    REQUIRE(world.run(deliver_many(store.get(), count, &got)) == count);
    store.reset();
    return newest_log(directory.store());
}

std::string flipped(std::string octets, size_t at, int bits) {
    octets[at] = static_cast<char>(octets[at] ^ bits);
    return octets;
}

}  // namespace

TEST_CASE("rocks store: 100 deliveries at a time from four threads get dense and unique numbers") {
    RocksEngine engine;
    constexpr int threads = 4, coroutines = 25, each = 20, all = threads * coroutines * each;
    std::vector<std::vector<std::pair<std::uint64_t, std::uint64_t>>> got(threads * coroutines);
    std::atomic<int> done = 0;
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t)
        running.emplace_back([&, t] {
            boost::asio::io_context loop(1);
            for (int c = 0; c < coroutines; ++c)
                boost::asio::co_spawn(
                    loop,
                    deliver_many(engine.store.get(), each, &got[static_cast<size_t>(t * coroutines + c)]),
                    [&done](std::exception_ptr, int count) { done += count; });
            loop.run();
        });
    for (std::thread& thread : running) thread.join();
    CHECK(done == all);
    std::set<std::uint64_t> uids, mod_sequences;
    for (const auto& one : got) {
        CHECK(std::ranges::is_sorted(one));
        for (const auto& [uid, mod_sequence] : one) {
            uids.insert(uid);
            mod_sequences.insert(mod_sequence);
        }
    }
    CHECK(uids.size() == all);
    CHECK(*uids.rbegin() == all);
    CHECK(mod_sequences.size() == all);
    CHECK(*mod_sequences.rbegin() == all);
    CHECK(engine.world.run(engine.store->counter(account, "messages")).value() == all);
    engine.reopen();
    CHECK(rows_in(*engine.store, engine.world) == all);
}

// Run by the test below in a process of its own: writes UID and mod-sequence to a pipe once acknowledged.
TEST_CASE("child: commits without end" * doctest::skip()) {
    const char* const path = std::getenv(store_variable);
    const char* const pipe = std::getenv(pipe_variable);
    if (path == nullptr || pipe == nullptr) return;
    auto store = open(path);
    REQUIRE(store.has_value());
    boost::asio::io_context loop(1);
    for (int i = 0; i < 16; ++i)
        boost::asio::co_spawn(loop, deliver_and_tell(store->get(), std::atoi(pipe)),
                              [](std::exception_ptr) {});
    loop.run();
    FAIL("a commit failed, or nobody reads the pipe");
}

TEST_CASE("rocks store: kill -9 in the middle of commits loses nothing that was acknowledged") {
    const TestDirectory directory;
    std::uint64_t highest_uid = 0, highest_mod_sequence = 0;
    for (int round = 0; round < 4; ++round) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::setenv(store_variable, directory.store().c_str(), 1);
            ::setenv(pipe_variable, std::to_string(ends[1]).c_str(), 1);
            ::execl("/proc/self/exe", "store_test", "--no-skip", "--test-case=child: commits without end",
                    nullptr);
            ::_exit(2);
        }
        ::close(ends[1]);
        std::vector<std::pair<std::uint64_t, std::uint64_t>> acknowledged;
        std::uint64_t row[2];
        const size_t kill_after = 200 + 150 * static_cast<size_t>(round);
        while (::read(ends[0], row, sizeof row) == sizeof row) {
            acknowledged.emplace_back(row[0], row[1]);
            if (acknowledged.size() == kill_after) ::kill(child, SIGKILL);
        }
        ::close(ends[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        REQUIRE(acknowledged.size() >= kill_after);

        TestWorld world;
        auto store = open(directory.store());
        REQUIRE_MESSAGE(store.has_value(), store.error().text);
        for (const auto& [uid, mod_sequence] : acknowledged) {
            const auto value =
                world.run((*store)->get(account, Tuple().octets("m").u32(static_cast<std::uint32_t>(uid))));
            REQUIRE(value->has_value());
            CHECK(read_u64(std::string_view(**value).substr(0, 8)) == mod_sequence);
            CHECK(uid > highest_uid);  // never given twice, over crashes
            CHECK(mod_sequence > highest_mod_sequence);
        }
        const auto uid = world.run((*store)->counter(account, "uid")).value();
        CHECK(uid == rows_in(**store, world));
        CHECK(uid == world.run((*store)->counter(account, "messages")).value());
        highest_uid = uid;
        highest_mod_sequence =
            world.run((*store)->counter(account, std::string(mod_sequence_counter))).value();
    }
}

TEST_CASE("rocks store: a flipped bit in the middle of the log is refused, never silent") {
    const TestDirectory directory;
    constexpr int commits = 300;
    const std::string log = log_of_deliveries(directory, commits), whole = read_file(log);
    REQUIRE(whole.size() > 60'000);
    const size_t places[] = {200, whole.size() / 3, 32 * 1024 + 3, whole.size() - 2000};
    for (const size_t place : places) {
        CAPTURE(place);
        const std::string damaged = flipped(whole, place, 4);
        write_file(log, damaged);
        const auto refused = open(directory.store());
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().text.find("restore the store from a backup") != std::string::npos);
        CHECK(refused.error().text.find("fsck --repair") != std::string::npos);
        CHECK(read_file(log) == damaged);  // nothing was touched
    }
    auto repaired = open(directory.store(), RocksOptions::Recovery::drop_damaged);
    REQUIRE(repaired.has_value());
    TestWorld world;
    const size_t left = rows_in(**repaired, world);
    CHECK(left > commits / 2);
    CHECK(left < commits);
    CHECK(world.run((*repaired)->counter(account, "uid")).value() == left);
}

TEST_CASE("rocks store: a header that rotted in the log's last block is refused, never silent") {
    const TestDirectory directory;
    const std::string log = log_of_deliveries(directory, 20), whole = read_file(log);
    REQUIRE(whole.size() < LogRecord::block_octets);
    std::vector<size_t> begins = {0};
    each_record(whole, [&](const LogRecord&, size_t end) { begins.push_back(end); });
    begins.pop_back();
    const size_t middle = begins[begins.size() / 2];
    const auto refuses = [&](const std::string& damaged) {
        write_file(log, damaged);
        CHECK_FALSE(open(directory.store()).has_value());
        CHECK(read_file(log) == damaged);
    };
    for (const size_t begin : {begins[1], middle, begins.back()}) {
        CAPTURE(begin);
        refuses(flipped(whole, begin + 5, 0x80));  // its length
        refuses(flipped(whole, begin + 6, 4));     // its type
    }
    refuses(std::string(whole).replace(middle, LogRecord::header_octets, LogRecord::header_octets, '\0'));
    const auto repaired = open(directory.store(), RocksOptions::Recovery::drop_damaged);
    REQUIRE(repaired.has_value());
    TestWorld world;
    CHECK(rows_in(**repaired, world) > 0);
    CHECK(rows_in(**repaired, world) < 20);
}

TEST_CASE("rocks store: a log cut short anywhere in its last write opens") {
    const TestDirectory directory;
    const std::string log = log_of_deliveries(directory, 20), whole = read_file(log);
    const std::string name = std::filesystem::path(log).filename().string();
    for (const size_t cut : {size_t{1}, size_t{50}, size_t{200}}) {
        for (const bool garbage : {false, true}) {
            CAPTURE(cut);
            CAPTURE(garbage);
            std::filesystem::remove_all(directory.path + "/copy");
            std::filesystem::copy(directory.store(), directory.path + "/copy");
            std::string torn = whole.substr(0, whole.size() - cut);
            if (garbage) torn += std::string(cut, '\x5a');  // the file was made longer, its octets never came
            write_file(directory.path + "/copy/" + name, torn);
            const auto store = open(directory.path + "/copy");
            REQUIRE_MESSAGE(store.has_value(), store.error().text);
            TestWorld world;
            CHECK(rows_in(**store, world) == 19);
        }
    }
}

TEST_CASE("rocks store: what cannot be opened says what to do") {
    const TestDirectory directory;
    RocksOptions absent;
    absent.path = directory.store();
    absent.create = false;
    CHECK(RocksStore::open(absent).error().fault == Fault::not_found);

    auto store = open(directory.store());
    REQUIRE(store.has_value());
    const auto second = open(directory.store());
    CHECK(second.error().fault == Fault::exists);
    CHECK(second.error().text.find("is in use by another heliopost process") != std::string::npos);
    store->reset();
    {
        RocksOptions options;
        options.path = directory.store();
        const auto database = open_database(options);
        REQUIRE(database.has_value());
        const std::string version = Tuple().u32(format_version + 1);
        REQUIRE((*database)->db->Put({}, (*database)->rows, format_key, version).ok());
    }
    const auto newer = open(directory.store());
    CHECK(newer.error().fault == Fault::syntax);
    CHECK(newer.error().text.find("install the newer version") != std::string::npos);
}

TEST_CASE("rocks store: check finds nothing in a sound store, and each kind of damage") {
    RocksEngine engine;
    auto& store = dynamic_cast<RocksStore&>(*engine.store);
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += std::to_string(i);
    auto writer = store.blobs().writer(text.size());
    REQUIRE(engine.world.run(writer->append(text)).has_value());
    auto staged = engine.world.run(writer->finish()).value();
    const BlobId blob = staged.ref.id;
    std::vector<Batch> batches(1, deliver("x"));
    batches[0].reference(blob, Tuple().u64(1));
    std::vector<StagedBlob> blobs(1, staged);
    REQUIRE(engine.world.run(store.commit(batches, blobs)).has_value());
    auto report = store.check({});
    CHECK(report.problems.empty());
    CHECK(report.blobs == 1);
    CHECK(report.blob_octets == text.size());
    CHECK(report.references == 1);
    CHECK(report.records >= 8);
    int judged = 0;
    CheckOptions judging;
    judging.judge = [&](PartitionId partition, std::string_view, std::string_view) {
        CHECK(partition == account);
        ++judged;
    };
    CHECK(store.check(judging).sound());
    CHECK(judged == 1);
    engine.store.reset();

    RocksOptions options;
    options.path = engine.directory.store();
    auto database = open_database(options).value();
    const auto blobs_row = [](std::string_view key) { return engine_key(blobs_partition, Space::rows, key); };
    std::string chunk;
    REQUIRE(database->db->Get({}, database->chunks, chunk_key(blob, 1), &chunk).ok());
    chunk[chunk.size() / 2] = static_cast<char>(chunk[chunk.size() / 2] ^ 1);
    REQUIRE(database->db->Put({}, database->chunks, chunk_key(blob, 1), chunk).ok());
    const BlobId lost{{std::byte{1}}};
    const BlobId nobody{{std::byte{2}}};
    REQUIRE(database->db->Put({}, database->chunks, chunk_key(nobody, 0), chunk).ok());
    REQUIRE(
        database->db->Put({}, database->rows, blobs_row(reference_key(lost, account, to_u64(1))), "").ok());
    REQUIRE(
        database->db->Put({}, database->rows, blobs_row(hash_key(std::string(32, 'h'))), lost.view().data())
            .ok());
    REQUIRE(database->db->Put({}, database->rows, engine_key(account, Space::counters, "uid"), "x").ok());
    REQUIRE(database->db->Put({}, database->rows, "\x09strange", "x").ok());
    database.reset();
    engine.reopen();
    report = dynamic_cast<RocksStore&>(*engine.store).check({});
    CHECK_FALSE(report.sound());
    CHECK(report.problem_count == 4);
    for (const std::string_view part :
         {"chunks that belong to nothing", "hash without its blob", "not a number", "unknown key"})
        CHECK_MESSAGE(
            std::ranges::any_of(report.problems,
                                [&](const auto& p) { return p.what.find(part) != std::string::npos; }),
            part);
    REQUIRE(report.damaged.size() == 2);
    CHECK(report.damaged.at(blob).what == "chunk 1 of it is damaged");
    CHECK(report.damaged.at(lost).what == "is missing");
}

TEST_CASE("rocks store: check goes on behind a table that the disk damaged") {
    RocksEngine engine;
    constexpr int commits = 1'000;
    for (int i = 0; i < commits; ++i) {
        std::string value;  // that does not compress: many blocks
        for (int j = 0; j < 4; ++j) {
            crypto::Sha256 hash;
            hash.add(std::to_string(4 * i + j));
            value += hash.finish();
        }
        REQUIRE(engine.world.run(engine.store->commit(deliver(value))).has_value());
    }
    engine.flush();
    engine.store.reset();
    std::string table;
    for (const auto& entry : std::filesystem::directory_iterator(engine.directory.store()))
        if (entry.path().extension() == ".sst" &&
            (table.empty() || entry.file_size() > std::filesystem::file_size(table)))
            table = entry.path().string();
    std::string octets = read_file(table);
    REQUIRE(octets.size() > 100'000);
    octets[octets.size() / 2] = static_cast<char>(octets[octets.size() / 2] ^ 1);
    write_file(table, octets);
    engine.reopen();
    const auto report = dynamic_cast<RocksStore&>(*engine.store).check({});
    CHECK_FALSE(report.complete);
    REQUIRE(report.problems.size() == 2);
    CHECK(report.problems[0].what.find("a table is damaged") != std::string::npos);
    CHECK(report.problems[1].what.find("the rows after key 03") != std::string::npos);
    CHECK(report.problems[1].harm == Harm::lost);
}

}  // namespace heliopost::store
