#include "store/rocks_manifest.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

#include "base/assert.h"
#include "store/rocks_database.h"
#include "store/rocks_log_record.h"
#include "store/test_log.h"

namespace heliopost::store {
namespace {

constexpr size_t sector = 512, block = 32 * 1024;

std::string edit(size_t octets) {
    return fragment(1, std::string(octets, 'e'));
}

std::string with_hole(std::string octets, size_t from) {
    for (size_t at = from; at < std::min(octets.size(), from + sector); ++at) octets[at] = '\0';
    return octets;
}

}  // namespace

TEST_CASE("manifest: an append that lost a sector is cut off, wherever the sector lies") {
    const std::string sound = edit(100) + edit(300);
    const std::string torn = sound + edit(1'500);
    for (const size_t hole : {sound.size(), sector, 2 * sector}) {
        CAPTURE(hole);
        CHECK(torn_from(with_hole(torn, hole)) == sound.size());
    }
    CHECK(torn_from(with_hole(edit(1'500), 0)) == 0);
    const std::string end = edit(100) + edit(2 * sector - 112);  // its last two octets are in the next sector
    CHECK(torn_from(with_hole(end, 2 * sector)) == 107);
}

TEST_CASE("manifest: an append that begins in the last octets of the lost sector is cut off") {
    for (size_t zeros = 1; zeros < 20; ++zeros) {
        CAPTURE(zeros);
        const std::string sound = edit(100) + edit(sector - 107 - 7 - zeros);
        REQUIRE(sound.size() == sector - zeros);
        const std::string torn = with_hole(sound + edit(300), sound.size()).substr(0, sound.size() + zeros) +
                                 edit(300).substr(zeros);
        CHECK(torn_from(torn) == sound.size());
        // Rot in what is left of it: another damage, where there is something to tell it by.
        std::string rotten = torn;
        rotten.back() = static_cast<char>(rotten.back() ^ 4);
        CHECK(torn_from(rotten).has_value() == (zeros >= 4));
    }
}

TEST_CASE("manifest: what is sound, cut short, rotten or followed by more is left alone") {
    const std::string sound = edit(100) + edit(300);
    CHECK_FALSE(torn_from("").has_value());
    CHECK_FALSE(torn_from(sound).has_value());
    const std::string torn = sound + edit(1'500);
    for (size_t size = sound.size(); size < torn.size(); size += 37)
        CHECK_FALSE(torn_from(torn.substr(0, size)).has_value());
    for (size_t at = 0; at < torn.size(); at += 11) {
        std::string rotten = torn;
        rotten[at] = static_cast<char>(rotten[at] ^ 4);
        CHECK_FALSE(torn_from(rotten).has_value());
    }
    CHECK_FALSE(torn_from(with_hole(torn, sector) + edit(10)).has_value());
    CHECK_FALSE(
        torn_from(with_hole(sound + edit(20'000) + edit(20'000) + edit(20'000) + edit(20'000), sector))
            .has_value());
}

TEST_CASE("manifest: what rotted is told from what was torn") {
    const std::string sound = edit(100) + edit(300), more = edit(200) + edit(40);
    CHECK_FALSE(rotten_at(sound + more).has_value());
    for (size_t at = 0; at < edit(300).size(); ++at) {
        CAPTURE(at);
        std::string rotten = sound + more;
        rotten[107 + at] = static_cast<char>(rotten[107 + at] ^ 4);
        CHECK(rotten_at(rotten) == 107);
        const bool in_header = at >= 4 && at < 7;  // the last edit's checksum and payload RocksDB tells of
        CHECK(rotten_at(rotten.substr(0, sound.size())).has_value() == in_header);
        CHECK_FALSE(rotten_at(sound.substr(0, 107 + at)).has_value());
    }
    CHECK_FALSE(rotten_at(with_hole(sound + edit(1'500), sector)).has_value());
    CHECK_FALSE(rotten_at(with_hole(sound + edit(1'500) + edit(10), sector)).has_value());
    CHECK(rotten_at(std::string(sound).replace(107, 7, 7, '\0') + more) == 107);
}

TEST_CASE("manifest: limits: a torn end of torn_end_octets_max, and a file of manifest_file_octets_max") {
    std::string fragments = fragment(2, std::string(block - 7, 'e'));
    while (fragments.size() <= torn_end_octets_max) fragments += fragment(3, std::string(block - 7, 'e'));
    CHECK_FALSE(torn_from(with_hole(fragments, sector)).has_value());
    CHECK_FALSE(torn_from(std::string(manifest_file_octets_max + 1, '\0')).has_value());
    CHECK(torn_from(std::string(1'000, '\0')) == 0);
}

TEST_CASE("manifest: a store whose manifest has a torn end opens, and keeps what it was") {
    std::string place = (std::filesystem::temp_directory_path() / "heliopost-manifest-XXXXXX").string();
    REQUIRE(::mkdtemp(place.data()) != nullptr);
    RocksOptions options;
    options.path = place + "/store";
    options.create = true;
    REQUIRE(open_database(options).has_value());
    std::string name;
    std::ifstream(options.path + "/CURRENT") >> name;
    const std::string file = options.path + "/" + name;
    const auto size = std::filesystem::file_size(file);
    std::ofstream(file, std::ios::binary | std::ios::app)
        << with_hole(std::string(size, 'x') + edit(3 * sector), (size / sector + 1) * sector).substr(size);
    CHECK(open_database(options).has_value());
    CHECK(std::filesystem::exists(file + ".torn"));
    CHECK(open_database(options).has_value());
    std::filesystem::remove_all(place);
}

TEST_CASE("manifest: a store whose manifest has rotted is refused, whichever edit, and keeps its files") {
    std::string place = (std::filesystem::temp_directory_path() / "heliopost-manifest-XXXXXX").string();
    REQUIRE(::mkdtemp(place.data()) != nullptr);
    RocksOptions options;
    options.path = place + "/store";
    options.create = true;
    for (const std::string name : {"a", "b"}) {
        const auto database = open_database(options).value();
        REQUIRE(database->db->Put({}, database->rows, name, "value").ok());
        REQUIRE(database->db->Flush({}, database->rows).ok());
    }
    options.create = false;
    const auto whole = ManifestFile::read(options.path);
    ASSERT(whole.has_value());
    std::vector<size_t> begins = {0};
    each_record(whole->octets, [&](const LogRecord&, size_t end) { begins.push_back(end); });
    begins.pop_back();
    REQUIRE(begins.size() > 3);
    const auto names = [&] {
        std::set<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(options.path))
            if (entry.path().extension() == ".sst") all.insert(entry.path().filename());
        return all;
    };
    const auto before = names();
    for (const size_t begin : begins)
        for (const auto& [at, bit] : {std::pair{size_t{5}, 0x80}, {size_t{6}, 4}}) {
            CAPTURE(begin);
            std::string rotten = whole->octets;
            rotten[begin + at] = static_cast<char>(rotten[begin + at] ^ bit);
            std::ofstream(whole->path, std::ios::binary) << rotten;
            const auto refused = open_database(options);
            REQUIRE_FALSE(refused.has_value());
            CHECK(refused.error().text.contains("restore the store from a backup"));
            CHECK(names() == before);
        }
    std::ofstream(whole->path, std::ios::binary) << whole->octets;
    CHECK(open_database(options).has_value());
    std::filesystem::remove_all(place);
}

}  // namespace heliopost::store
