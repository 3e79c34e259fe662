#include "store/chunk.h"

#include <doctest/doctest.h>

#include <string>

#include "store/chunk_cache.h"
#include "store/crc32c.h"
#include "store/disk_space.h"

namespace heliopost::store {

TEST_CASE("crc32c: RFC 3720 §B.4, in one piece or several") {
    CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
    CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
    std::string ascending;
    for (char c = 0; c < 32; ++c) ascending += c;
    CHECK(crc32c(ascending) == 0x46dd794e);
    CHECK(crc32c(ascending.substr(11), crc32c(ascending.substr(0, 11))) == 0x46dd794e);
    CHECK(crc32c("") == 0);
}

TEST_CASE("chunk: compressed where that helps, plain where not, the same octets back") {
    const std::string repeated(chunk_octets, 'a');
    std::string noise;
    for (std::uint32_t state = 1; noise.size() < 5000; state = state * 1664525U + 1013904223U)
        noise += static_cast<char>(static_cast<unsigned char>(state >> 24));
    for (const std::string& plain : {std::string(), std::string("short"), repeated, noise}) {
        CAPTURE(plain.size());
        const std::string record = encode_chunk(plain);
        CHECK(record.size() <= plain.size() + chunk_header_octets);
        const auto again = decode_chunk(record);
        REQUIRE(again.has_value());
        CHECK((*again == plain));
    }
    CHECK(encode_chunk(repeated).size() < 200);
    CHECK(encode_chunk("hi") == std::string("\0\0\0\0\0\x02", 6) + std::string("\xc7\xbb\x4e\x97", 4) + "hi");
}

TEST_CASE("chunk: every truncation and every flipped bit is found") {
    const std::string record = encode_chunk(std::string(100, 'x') + "and some more");
    for (size_t length = 0; length < record.size(); ++length)
        CHECK_FALSE(decode_chunk(std::string_view(record).substr(0, length)).has_value());
    for (size_t bit = 0; bit < record.size() * 8; ++bit) {
        std::string damaged = record;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        CHECK_FALSE(decode_chunk(damaged).has_value());
    }
}

TEST_CASE("chunk: a record that claims more than a chunk holds is refused before room is made for it") {
    std::string record = encode_chunk(std::string(1000, 'x'));
    record[2] = '\x7f';
    CHECK_FALSE(decode_chunk(with_right_checksum(record)).has_value());
    record[2] = 0;
    CHECK(decode_chunk(with_right_checksum(record)).has_value());
    record[0] = 2;  // no such codec
    CHECK_FALSE(decode_chunk(with_right_checksum(record)).has_value());
    record[0] = 1;
    record[1] = 1;  // no such key
    CHECK_FALSE(decode_chunk(with_right_checksum(record)).has_value());
}

TEST_CASE("chunk cache: keeps what was used last, within its octets") {
    ChunkCache cache(3000);
    const auto chunk = [](char c) { return std::make_shared<const std::string>(800, c); };
    cache.add("a", chunk('a'));
    cache.add("b", chunk('b'));
    cache.add("c", chunk('c'));
    REQUIRE(cache.find("a"));
    cache.add("d", chunk('d'));
    CHECK(cache.find("a"));
    CHECK_FALSE(cache.find("b"));
    CHECK(*cache.find("d") == std::string(800, 'd'));
    CHECK(cache.octets() <= 3000);
    cache.add("large", std::make_shared<const std::string>(5000, 'x'));
    CHECK(cache.octets() == 0);
}

TEST_CASE("disk space: the reserve decides") {
    CHECK(DiskSpace("/tmp", 0).above_reserve());
    CHECK_FALSE(DiskSpace("/tmp", UINT64_MAX).above_reserve());
    CHECK(free_octets("/tmp") > 0);
}

}  // namespace heliopost::store
