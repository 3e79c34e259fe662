#include "store/rocks_checkpoint.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "store/store_directory.h"
#include "store/test_engines.h"

namespace heliopost::store {
namespace {

namespace fs = std::filesystem;
const PartitionId checkpointed = account_partition(AccountId(7));

struct CheckpointFixture {
    TestDirectory directory;
    TestWorld world;

    RocksOptions options(bool read_only = false) const {
        RocksOptions out;
        out.path = directory.store();
        out.disk_reserve = 0;
        out.read_only = read_only;
        out.create = !read_only;
        return out;
    }
    std::unique_ptr<RocksStore> open(RocksOptions with) const {
        auto store = RocksStore::open(std::move(with));
        REQUIRE(store.has_value());
        return std::move(*store);
    }
    Result<Committed> put(Store& store, const std::string& key) {
        Batch batch(checkpointed);
        batch.put(key, Tuple(std::string("value")));
        return world.run(store.commit(std::move(batch)));
    }
    std::size_t rows(Store& store) {
        return world.run(store.scan(checkpointed, "", "", 100, Direction::forward)).value().size();
    }
    std::string left() const { return directory.store() + "/" + checkpoint_name; }
    void leave_one() const {
        for (const std::string& name : {left(), left() + ".tmp"}) {
            fs::create_directories(name);
            std::ofstream(name + "/CURRENT") << "x";
        }
    }
    std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> out;
        for (const auto& entry : fs::recursive_directory_iterator(directory.store()))
            if (entry.is_regular_file()) {
                std::ifstream in(entry.path(), std::ios::binary);
                out[entry.path()] = {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
            }
        return out;
    }
};

}  // namespace

TEST_CASE_FIXTURE(CheckpointFixture,
                  "checkpoint: a store as of its moment, which later commits leave alone") {
    const auto store = open(options());
    REQUIRE(put(*store, "one").has_value());
    const auto first = store->checkpoint();
    REQUIRE(first.has_value());
    CHECK(*first == left());
    REQUIRE(put(*store, "two").has_value());
    const auto check = [&](std::size_t expected) {
        auto with = options();
        with.path = directory.path + "/copy";
        fs::remove_all(with.path);
        fs::copy(left(), with.path, fs::copy_options::recursive);
        const auto copy = open(with);
        CHECK(rows(*copy) == expected);
        REQUIRE(put(*copy, "three").has_value());
        CHECK(rows(*store) == 2);
    };
    check(1);
    REQUIRE(store->checkpoint().has_value());  // in the place of the first
    check(2);
}

TEST_CASE_FIXTURE(CheckpointFixture,
                  "checkpoint: what a killed backup left goes at the next start, not one in use") {
    open(options());
    leave_one();
    open(options(true));
    CHECK(fs::exists(left()));  // who only reads changes nothing
    const int held = ::open(directory.store().c_str(), O_RDONLY | O_DIRECTORY);
    REQUIRE(::flock(held, LOCK_EX | LOCK_NB) == 0);
    open(options());
    CHECK(fs::exists(left()));
    ::close(held);
    open(options());
    CHECK_FALSE(fs::exists(left()));
    CHECK_FALSE(fs::exists(left() + ".tmp"));
}

TEST_CASE_FIXTURE(CheckpointFixture, "read-only: everything can be read, nothing is changed, two may") {
    {
        const auto store = open(options());
        REQUIRE(put(*store, "one").has_value());
    }
    const auto before = files();
    {
        const auto store = open(options(true)), other = open(options(true));
        CHECK(rows(*store) == 1);
        CHECK(rows(*other) == 1);
        const auto refused = put(*store, "two");
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().fault == Fault::denied);
        CHECK(store->take_out({"x"}).error().fault == Fault::denied);
    }
    auto after = files();
    std::erase_if(
        after, [](const auto& file) { return fs::path(file.first).filename().string().starts_with("LOG"); });
    for (const auto& [name, octets] : after) {
        CAPTURE(name);
        CHECK((before.contains(name) && before.at(name) == octets));
    }
    auto missing = options(true);
    missing.path = directory.path + "/none";
    CHECK(RocksStore::open(missing).error().fault == Fault::not_found);
    CHECK_FALSE(fs::exists(missing.path));
}

TEST_CASE_FIXTURE(CheckpointFixture,
                  "store directory: for its owner alone, with its parents, again and again") {
    const std::string path = directory.path + "/a/b/store/";
    for (int round = 0; round < 2; ++round) REQUIRE(make_store_directory(path).has_value());
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
    std::ofstream(directory.path + "/file") << "x";
    CHECK_FALSE(make_store_directory(directory.path + "/file/store").has_value());
}

}  // namespace heliopost::store
