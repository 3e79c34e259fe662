#include "store/fault/fault_disk.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace heliopost::store::fault {
namespace {

constexpr std::uint64_t seeds = 60;

// A file, its first half synced; its name is safe.
Image half_synced(std::uint64_t seed, const std::string& first, const std::string& second, bool lie = false) {
    FaultDisk disk(seed);
    if (lie) disk.lie("a");
    FaultDisk::FilePtr file;
    disk.create("a", &file);
    disk.append(*file, first);
    disk.sync(*file);
    disk.sync_names();
    disk.append(*file, second);
    return disk.image();
}

}  // namespace

TEST_CASE("fault disk: what was synced is there after a cut, the rest in sectors") {
    const std::string first(700, 'x'), second(1500, 'y');
    std::set<size_t> sizes;
    bool torn = false;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const Image image = half_synced(seed, first, second);
        REQUIRE(image.size() == 1);
        const std::string& octets = image.at("a");
        sizes.insert(octets.size());
        CHECK(octets.starts_with(first));
        CHECK(octets.size() <= first.size() + second.size());
        for (size_t at = first.size(); at < octets.size(); ++at) {
            const size_t sector = std::max(first.size(), at / sector_octets * sector_octets);
            CHECK(octets[at] == octets[sector]);  // a sector is there or it is not
            torn = torn || octets[at] == '\0';
        }
    }
    CHECK(sizes.contains(700));
    CHECK(sizes.contains(2200));
    CHECK(sizes.contains(1024));
    CHECK(torn);
}

TEST_CASE("fault disk: a disk that lies loses what was synced") {
    size_t empty = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
        empty += half_synced(seed, "first", "second", true).at("a").empty() ? 1 : 0;
    CHECK(empty > seeds / 6);
}

TEST_CASE("fault disk: names are safe once the directory was synced, and go in their order") {
    std::set<std::set<std::string>> seen;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        FaultDisk disk(seed, {{"old", "1"}, {"gone", "2"}});
        FaultDisk::FilePtr file;
        disk.create("new", &file);
        disk.sync(*file);
        disk.rename("new", "old");
        disk.erase("gone");
        std::set<std::string> names;
        const Image image = disk.image();
        for (const auto& [name, octets] : image) names.insert(name + "=" + octets);
        seen.insert(names);
    }
    using Names = std::set<std::string>;
    CHECK(seen == std::set<Names>{Names{"old=1", "gone=2"}, Names{"old=1", "gone=2", "new="},
                                  Names{"old=", "gone=2"}, Names{"old="}});
}

TEST_CASE("fault disk: the power goes before the step, and what comes later is not there") {
    FaultDisk disk(1);
    FaultDisk::FilePtr file;
    disk.plan({.trouble = Trouble::power_cut, .at_step = 4});
    disk.create("a", &file);
    disk.sync_names();
    disk.append(*file, "octets");
    CHECK_FALSE(disk.cut());
    CHECK(disk.sync(*file) == Answer::done);
    CHECK(disk.cut());
    disk.sync_names();
    disk.erase("a");
    CHECK(disk.image().contains("a"));
}

TEST_CASE("fault disk: octets of a failed sync are lost though the next succeeds") {
    FaultDisk disk(1);
    FaultDisk::FilePtr file;
    disk.create("a", &file);
    disk.sync_names();
    disk.append(*file, "one");
    disk.plan({.trouble = Trouble::input_output_error, .at_step = 1});
    CHECK(disk.sync(*file) == Answer::input_output_error);
    CHECK(disk.troubled());
    disk.append(*file, "two");
    CHECK(disk.sync(*file) == Answer::done);
    CHECK(disk.image().at("a") == std::string("\0\0\0two", 6));
}

TEST_CASE("fault disk: a full disk takes no octets and no names, and erases") {
    FaultDisk disk(1, {{"a", "1"}});
    FaultDisk::FilePtr file;
    disk.plan({.trouble = Trouble::no_space, .at_step = 1});
    CHECK(disk.create("b", &file) == Answer::no_space);
    CHECK(disk.append(*disk.find("a"), "2") == Answer::no_space);
    CHECK(disk.sync(*disk.find("a")) == Answer::done);
    CHECK(disk.erase("a") == Answer::done);
    CHECK(disk.sync_names() == Answer::done);
    CHECK(disk.image().empty());
}

}  // namespace heliopost::store::fault
