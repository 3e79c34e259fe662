#include "store/rocks_log.h"

#include <doctest/doctest.h>

#include <string>

#include "base/assert.h"
#include "store/test_log.h"

namespace heliopost::store {
namespace {

// A write of one row at a sequence number, with the mark of what was synced before it.
std::string write(std::uint64_t sequence, std::uint64_t last_synced) {
    const std::string mark = log_mark(last_synced);
    return to_little_endian(sequence, 8) + to_little_endian(1, 4) + '\x03' + static_cast<char>(mark.size()) +
           mark + "rows";
}

std::string full(std::uint64_t sequence, std::uint64_t last_synced) {
    return fragment(1, write(sequence, last_synced));
}

void add_file(LogScan& scan, const std::string& name, std::string_view octets) {
    scan.begin_file(name);
    scan.add(octets);
    scan.end_file();
}

std::optional<LogDamage> scan(std::string log) {
    LogScan scan;
    add_file(scan, "000001.log", log);
    return scan.damage();
}

LogDamage damage_of(std::string log) {
    auto damage = scan(std::move(log));
    ASSERT(damage.has_value());
    return *damage;
}

}  // namespace

TEST_CASE("log scan: a sound log, with room set aside at its end") {
    const std::string log = full(1, 0) + full(2, 1) + full(3, 2);
    CHECK_FALSE(scan(log).has_value());
    CHECK_FALSE(scan(log + std::string(100'000, '\0')).has_value());
    CHECK_FALSE(scan("").has_value());
}

TEST_CASE("log scan: a damaged write with an acknowledgement behind it is a loss, each octet") {
    const std::string one = full(1, 0), two = full(2, 1), three = full(3, 2);
    for (size_t at = 0; at < two.size(); ++at) {
        CAPTURE(at);
        std::string damaged = two;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        const auto damage = damage_of(one + damaged + three);
        CHECK(damage.good_until == 1);
        CHECK(damage.acknowledged_until == 2);
        CHECK(damage.offset == one.size());
        CHECK(damage.lost());
    }
}

TEST_CASE("log scan: the last write, damaged, may never have been acknowledged") {
    std::string log = full(1, 0) + full(2, 1);
    log.back() = '?';
    CHECK_FALSE(damage_of(log).lost());
    CHECK_FALSE(damage_of(full(1, 0) + std::string(500, '\x5a')).lost());
}

TEST_CASE("log scan: a last write that is whole but for its type or its length has rotted") {
    const std::string one = full(1, 0), two = full(2, 1);
    for (size_t at = 4; at < 7; ++at)
        for (int bit = 0; bit < 8; ++bit) {
            CAPTURE(at);
            CAPTURE(bit);
            std::string rotten = two;
            rotten[at] = static_cast<char>(rotten[at] ^ 1 << bit);
            CHECK(damage_of(one + rotten).lost());
            CHECK_FALSE(damage_of(one + rotten.substr(0, rotten.size() - 1)).lost());
        }
}

TEST_CASE("log scan: in pieces as in one") {
    constexpr size_t block = 32 * 1024;
    std::string log;
    for (std::uint64_t i = 1; log.size() < 5 * block; ++i) {
        if (block - log.size() % block < full(i, i).size()) log.append(block - log.size() % block, '\0');
        log += full(i, i - 1);
    }
    log[3 * block + 10] = '?';
    LogScan pieces;
    pieces.begin_file("000001.log");
    for (size_t at = 0; at < log.size(); at += 2 * block)
        pieces.add(std::string_view(log).substr(at, 2 * block));
    pieces.end_file();
    const LogDamage whole = damage_of(log);
    const auto& damage = pieces.damage();
    ASSERT(damage.has_value());
    CHECK(damage->offset == whole.offset);
    CHECK(whole.offset == 3 * block);
    CHECK(damage->acknowledged_until == whole.acknowledged_until);
}

TEST_CASE("log scan: an unsynced write, damaged, with another unsynced one behind it is no loss") {
    std::string chunk = full(2, 1);
    chunk.back() = '?';
    CHECK_FALSE(damage_of(full(1, 0) + chunk + full(3, 1)).lost());
}

TEST_CASE("log scan: a fragment whose other half was never on the disk") {
    constexpr size_t block = 32 * 1024;
    const std::string whole = write(2, 1);
    std::string log = full(1, 0);
    log.resize(block, '\0');  // the start is gone, sectors of zeros in its place
    const LogDamage headless = damage_of(log + fragment(4, whole.substr(5)));
    CHECK(headless.offset == block);
    CHECK(headless.good_until == 1);
    CHECK_FALSE(headless.lost());
    const LogDamage endless = damage_of(full(1, 0) + fragment(2, whole.substr(0, 20)) + full(3, 1));
    CHECK(endless.good_until == 1);
    CHECK_FALSE(endless.lost());
    CHECK(damage_of(full(1, 0) + fragment(2, whole.substr(0, 20)) + full(3, 2)).lost());
}

TEST_CASE("log scan: a write whose second block was never on the disk") {
    constexpr size_t block = 32 * 1024;
    std::string log = full(1, 0);
    log += fragment(2, std::string(block - log.size() - 7, 'x'));
    REQUIRE(log.size() == block);
    const LogDamage endless = damage_of(log + std::string(1'000, '\0'));
    CHECK(endless.good_until == 1);
    CHECK_FALSE(endless.lost());
    LogScan with_next;
    add_file(with_next, "000001.log", log + std::string(1'000, '\0'));
    add_file(with_next, "000002.log", full(3, 2));
    const auto damage = with_next.damage();
    ASSERT(damage.has_value());
    CHECK(damage->lost());
}

TEST_CASE("log scan: a write in fragments counts once its last one is there") {
    const std::string whole = write(2, 1);
    for (size_t cut = 0; cut <= whole.size(); ++cut) {
        CAPTURE(cut);
        const std::string first = fragment(2, whole.substr(0, cut)), last = fragment(4, whole.substr(cut));
        CHECK_FALSE(scan(full(1, 0) + first + last + full(3, 2)).has_value());
        std::string damaged = last;
        damaged.back() = '?';
        const auto damage = damage_of(full(1, 0) + first + damaged + full(3, 2));
        CHECK(damage.good_until == 1);
        CHECK(damage.lost());

        // The proof of a loss, too, may come in fragments.
        std::string one = full(1, 0);
        one.back() = '?';
        CHECK(damage_of(one + first + fragment(3, "") + last).acknowledged_until == 1);
    }
}

}  // namespace heliopost::store
