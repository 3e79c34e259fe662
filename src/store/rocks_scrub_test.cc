#include "store/rocks_scrub.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <random>

#include "base/assert.h"
#include "store/keys.h"
#include "store/test_engines.h"

using namespace std::chrono_literals;

namespace heliopost::store {
namespace {

// Virtual time: a wait takes no time, and the clock is then where it was to end. Stops at an instant.
class VirtualTime final : public ScrubTime {
public:
    Time now() override { return begin_ + std::chrono::duration_cast<std::chrono::milliseconds>(passed()); }
    Instant tick() override { return tick_; }
    bool wait_until(Instant when) override {
        if (stopped || when > end) {
            tick_ = std::max(tick_, std::min(when, end));
            return false;
        }
        tick_ = std::max(tick_, when);
        return true;
    }
    void stop() override { stopped = true; }
    std::chrono::microseconds passed() const { return tick_ - Instant(); }

    Instant end{std::chrono::hours(24 * 365)};
    bool stopped = false;

private:
    Time begin_ = from_unix_milliseconds(1'800'000'000'000);
    Instant tick_{1s};
};

constexpr std::uint64_t pace = 100'000;

// A store in tables, with blobs of 100 kB that do not compress.
struct Walked {
    TestDirectory directory;
    TestWorld world;
    std::minstd_rand noise{7};
    RocksOptions options;
    std::vector<BlobId> blobs;
    std::unique_ptr<Database> database;
    std::shared_ptr<VirtualTime> time = std::make_shared<VirtualTime>();
    std::vector<ScrubDamage> damages;
    std::vector<ScrubStatus> walks;

    explicit Walked(int count = 5) {
        options.path = directory.store();
        options.disk_reserve = 0;
        auto store = RocksStore::open(options);
        REQUIRE(store.has_value());
        for (int i = 0; i < count; ++i) {
            const auto writer = (*store)->blobs().writer(1U << 20);
            std::string octets(100'000, '\0');
            for (char& octet : octets) octet = static_cast<char>(noise());
            REQUIRE(world.run(writer->append(octets)).has_value());
            auto blob = world.run(writer->finish());
            REQUIRE(blob.has_value());
            blobs.push_back(blob->ref.id);
            std::vector<Batch> batches;
            batches.emplace_back(account_partition(AccountId(1)));
            batches[0].reference(blob->ref.id, Tuple().u64(static_cast<std::uint64_t>(i)));
            REQUIRE(world.run((*store)->commit(std::move(batches), {*blob})).has_value());
        }
        std::ranges::sort(blobs);
        (*store)->flush();
        store->reset();
        open();
    }
    void open() {
        database.reset();
        auto opened = open_database(options);
        REQUIRE(opened.has_value());
        database = std::move(*opened);
    }
    ScrubOptions scrub_options() {
        ScrubOptions out;
        out.octets_a_second = pace;
        out.interval = 24h;
        out.state_file = directory.path + "/state";
        out.time = time;
        out.damaged = [this](ScrubDamage damage) { damages.push_back(std::move(damage)); };
        out.finished = [this](const ScrubStatus& status) {
            walks.push_back(status);
            if (stop_after != 0 && walks.size() >= stop_after) time->stop();
        };
        return out;
    }
    void run() { ScrubWalk(*database, scrub_options()).run(); }
    std::size_t stop_after = 1;
};

}  // namespace

TEST_CASE("pace: never more octets than the time allows, and none are saved up") {
    Pace pace_of(1'000);
    const Instant start{10s};
    CHECK(pace_of.after(start, 500) == start + 500ms);
    CHECK(pace_of.after(start, 500) == start + 1s);
    CHECK(pace_of.after(start + 60s, 2'000) == start + 62s);
    CHECK(Pace(0).after(start, 2) == start + 2s);  // never for ever
}

TEST_CASE("scrub: one walk reads everything at its pace, and the next begins an interval later") {
    Walked store;
    store.stop_after = 3;
    store.run();
    REQUIRE(store.walks.size() == 3);
    const ScrubStatus& first = store.walks[0];
    CHECK(first.last.blobs == 5);
    CHECK(first.last.tables >= 2);
    CHECK(first.last.damaged == 0);
    CHECK(store.damages.empty());
    CHECK(first.last.octets > 500'000);
    CHECK(first.last.octets < 600'000);
    const auto began = [&](std::size_t walk) {
        const auto& at = store.walks[walk].began;
        ASSERT(at.has_value());
        return *at;
    };
    const auto& ended = first.ended;
    ASSERT(ended.has_value());
    const auto took = *ended - began(0);
    const std::chrono::milliseconds expected(first.last.octets * 1'000 / pace);
    CHECK(took >= expected - 1s);
    CHECK(took <= expected + 1s);
    CHECK(began(1) - began(0) == 24h);
    CHECK(began(2) - began(1) == 24h);
}

TEST_CASE("scrub: it stops at once, and goes on there after a restart") {
    Walked store;
    store.time->end = Instant{4s};
    store.run();
    CHECK(store.walks.empty());
    ScrubWalk walk(*store.database, store.scrub_options());
    const ScrubStatus stopped = walk.status();
    CHECK(stopped.walks);
    CHECK_FALSE(stopped.ended.has_value());
    CHECK(stopped.now.blobs > 0);
    CHECK(stopped.now.blobs < 5);
    store.time->end += 1h;
    walk.run();
    REQUIRE(store.walks.size() == 1);
    CHECK(store.walks[0].last.blobs == 5);
    CHECK(store.walks[0].began == stopped.began);
    CHECK(store.walks[0].last.octets < 700'000);  // one blob was read twice at most
}

TEST_CASE("scrub: a damaged blob, a missing chunk and a broken record are told, the rest is read") {
    Walked store;
    const auto write = [&](rocksdb::ColumnFamilyHandle* family, const std::string& key,
                           const std::string& value) {
        REQUIRE(store.database->db->Put({}, family, key, value).ok());
    };
    std::string chunk;
    auto& database = *store.database;
    REQUIRE(database.db->Get({}, database.chunks, chunk_key(store.blobs[1], 0), &chunk).ok());
    chunk.back() = static_cast<char>(chunk.back() ^ 1);
    write(database.chunks, chunk_key(store.blobs[1], 0), chunk);
    REQUIRE(database.db->Delete({}, database.chunks, chunk_key(store.blobs[2], 0)).ok());
    write(database.rows, engine_key(blobs_partition, Space::rows, manifest_key(store.blobs[3])), "\x0a\x7f");
    store.run();
    REQUIRE(store.walks.size() == 1);
    CHECK(store.walks[0].last.blobs == 5);
    CHECK(store.walks[0].last.damaged == 3);
    REQUIRE(store.damages.size() == 3);
    const char* what[] = {"is damaged", "is missing", "broken record"};
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(store.damages[i].blob == store.blobs[i + 1]);
        CHECK(store.damages[i].what.contains(what[i]));
    }
}

TEST_CASE(
    "scrub: a bit that turned over in any block of a table is found, although readers have the table open") {
    Walked store(1);
    std::vector<rocksdb::LiveFileMetaData> files;
    store.database->db->GetLiveFilesMetaData(&files);
    REQUIRE_FALSE(files.empty());
    for (const auto& file : files) {
        const std::string path = file.directory + "/" + file.relative_filename;
        CAPTURE(path);
        std::fstream table(path, std::ios::in | std::ios::out | std::ios::binary);
        for (const std::uint64_t part : {0U, 2U, 4U, 6U}) {
            const auto at = static_cast<std::streamoff>(file.size * part / 8);
            table.seekg(at);
            const char was = static_cast<char>(table.get());
            table.seekp(at);
            table.put(static_cast<char>(was ^ 4)).flush();
            store.damages.clear();
            store.walks.clear();
            store.time->stopped = false;
            auto options = store.scrub_options();
            options.state_file.clear();
            ScrubWalk(*store.database, options).run();
            CAPTURE(part);
            std::erase_if(store.damages, [](const ScrubDamage& one) { return one.blob.has_value(); });
            REQUIRE(store.damages.size() == 1);
            CHECK(file.relative_filename.ends_with(store.damages[0].file));
            table.seekp(at);
            table.put(was).flush();
        }
    }
}

TEST_CASE("scrub: its state is read back; what is broken is no state") {
    ScrubState state;
    state.status = {from_unix_milliseconds(5), std::nullopt, true, {1, 2, 3, 4}, {}};
    state.table = 17;
    state.blob = std::string(16, '\x9c');
    const std::string text = to_text(state);
    const auto again = parse_scrub_state(text);
    REQUIRE(again.has_value());
    CHECK(*again == state);
    for (std::size_t i = 0; i < text.size(); ++i) {
        CHECK_FALSE(parse_scrub_state(text.substr(0, i)).has_value());
        std::string flipped = text;
        flipped[i] = static_cast<char>(flipped[i] ^ 1);
        CHECK_FALSE(parse_scrub_state(flipped).has_value());
    }
}

TEST_CASE("scrub: a store's own thread ends with it, in the middle of a wait of a day") {
    TestDirectory directory;
    RocksOptions options;
    options.path = directory.store();
    options.disk_reserve = 0;
    auto store = RocksStore::open(options);
    REQUIRE(store.has_value());
    std::atomic<int> walks = 0;
    ScrubOptions scrub_options;
    scrub_options.interval = 24h;
    scrub_options.finished = [&](const ScrubStatus&) {
        ++walks;
        walks.notify_all();
    };
    const auto scrub = (*store)->scrub(std::move(scrub_options));
    walks.wait(0);
    CHECK(scrub->status().ended.has_value());
    CHECK(walks == 1);
}

}  // namespace heliopost::store
