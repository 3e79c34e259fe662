#include "store/rocks_edits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "store/rocks_database.h"
#include "store/rocks_log.h"
#include "store/test_engines.h"
#include "store/test_log.h"

namespace heliopost::store {
namespace {

std::string varint(std::uint64_t value) {
    std::string out;
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    return out + static_cast<char>(value);
}
std::string text(std::string_view octets) {
    return varint(octets.size()) + std::string(octets);
}
std::string log_of(std::uint64_t family, std::uint64_t log) {
    return varint(2) + varint(log) + varint(200) + varint(family);
}
std::string edit(const std::string& fields) {
    return fragment(1, fields);
}

const std::string table = varint(103) + varint(0) + varint(7) + varint(99) + text("a") + text("z") +
                          varint(1) + varint(2) + varint(5) + text("x") + varint(1);
const std::string blobs = varint(400) + varint(8) + varint(1) + varint(9) + text("crc") + text("c") +
                          varint(0) + varint(401) + varint(8) + varint(1) + varint(9) + varint(0);

}  // namespace

TEST_CASE("edits: a log is needed from the lowest that a column family needs") {
    const std::string start = edit(varint(1) + text("comparator")) + edit(varint(2) + varint(4)) +
                              edit(varint(200) + varint(1) + varint(201) + text("chunks"));
    CHECK(first_needed_log("") == 0);
    CHECK(first_needed_log(start) == 4);
    CHECK(first_needed_log(start + edit(log_of(1, 9))) == 4);
    CHECK(first_needed_log(start + edit(log_of(1, 9)) + edit(log_of(0, 12))) == 9);
    CHECK(first_needed_log(start + edit(log_of(1, 9)) + edit(varint(10) + varint(300))) == 300);
    CHECK(first_needed_log(start + edit(log_of(1, 9)) + edit(varint(202) + varint(200) + varint(1)) +
                           edit(log_of(0, 12))) == 12);
}

TEST_CASE("edits: fields that say nothing of logs are passed over, unknown ones are not guessed") {
    const std::string known = table + blobs + varint(6) + varint(0) + varint(3) + varint(9) + varint(0) +
                              varint(3) + varint(200) + varint(4) + varint(1) + varint(203) + varint(1) +
                              varint(300) + varint(0) + varint((1U << 13) + 77) + text("later");
    CHECK(first_needed_log(edit(varint(2) + varint(40) + known)) == 40);
    CHECK(first_needed_log(edit(varint(2) + varint(40)) + edit(varint(50) + varint(1))) == 0);
    const std::string whole = varint(2) + varint(40) + table + blobs;
    for (size_t cut = 3; cut < whole.size(); ++cut) {
        const std::uint64_t log = first_needed_log(edit(whole.substr(0, cut)));
        CHECK((log == 0 || log == 40));
    }
    CHECK(first_needed_log(edit(varint(1) + std::string(11, '\xff'))) == 0);
}

TEST_CASE("edits: in fragments, and up to what is damaged") {
    const std::string fields = varint(2) + varint(40) + varint((1U << 13) + 77) + text(std::string(100, 'x'));
    const std::string fragments = fragment(2, fields.substr(0, 20)) + fragment(3, fields.substr(20, 30)) +
                                  fragment(4, fields.substr(50));
    CHECK(first_needed_log(fragments) == 40);
    CHECK(first_needed_log(fragments + "damaged" + edit(log_of(0, 50))) == 40);
}

// It was cut in the life before, and its name is still there: what a later log acknowledges is not behind it.
TEST_CASE("edits: a torn log that no start reads any more keeps no store from opening") {
    const TestDirectory directory;
    RocksOptions options;
    options.path = directory.store();
    options.disk_reserve = 0;
    const std::string value(1'000, 'v');
    std::string newest;
    for (int life = 0; life < 2; ++life) {
        const auto database = open_database(options);
        REQUIRE(database.has_value());
        rocksdb::WriteOptions synced;
        synced.sync = true;
        for (std::uint64_t i = 1; i <= 3; ++i) {
            rocksdb::WriteBatch batch;
            batch.PutLogData(log_mark((*database)->db->GetLatestSequenceNumber()));
            batch.Put((*database)->rows, "key " + std::to_string(i), value);
            REQUIRE((*database)->db->Write(synced, &batch).ok());
        }
        newest.clear();
        for (const auto& file : std::filesystem::directory_iterator(directory.store()))
            if (file.path().extension() == ".log") newest = std::max(newest, file.path().string());
    }
    REQUIRE_FALSE(newest.empty());
    std::ofstream(directory.store() + "/000001.log") << std::string(512, 'x');
    std::fstream log(newest, std::ios::in | std::ios::out | std::ios::binary);
    log.seekp(-1, std::ios::end);
    log.put('?');
    log.close();
    const auto opened = open_database(options);
    CHECK_MESSAGE(opened.has_value(), opened.error().text);
}

}  // namespace heliopost::store
