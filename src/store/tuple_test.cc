#include "store/tuple.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace heliopost::store {

TEST_CASE("tuple: keys sort as their values do") {
    const std::vector<std::string> texts = {
        std::string(),          std::string("\0", 1), std::string("\0a", 2),
        std::string("\1", 1),   std::string("a"),     std::string("a\0", 2),
        std::string("a\0b", 3), std::string("ab"),    std::string("b")};
    std::vector<std::string> keys;
    for (const auto& text : texts) keys.push_back(Tuple().text(text).u8(7));
    CHECK(std::ranges::is_sorted(keys));
    const std::string small = Tuple().u32(255).u64(1);
    const std::string great = Tuple().u32(256).u64(0);
    CHECK(small < great);
}

TEST_CASE("tuple: what was written reads back; every truncation fails") {
    const std::string key = Tuple().u8(3).u32(70000).text(std::string("x\0y", 3)).u64(1ULL << 40);
    TupleReader in(key);
    CHECK(in.u8() == 3);
    CHECK(in.u32() == 70000);
    CHECK(in.text() == std::string("x\0y", 3));
    CHECK(in.u64() == 1ULL << 40);
    CHECK(in.done());
    for (size_t length = 0; length < key.size(); ++length) {
        TupleReader cut(std::string_view(key).substr(0, length));
        CHECK_FALSE((cut.u8() && cut.u32() && cut.text() && cut.u64()));
    }
}

TEST_CASE("tuple: holes are filled in each of the three forms") {
    const Tuple tuple =
        Tuple().u8(1).slot(Slot{1}).slot32(Slot{0}, 2).field(15, Slot{1}, 1).field(16, Slot{0});
    CHECK(tuple.has_holes());
    const std::string filled = tuple.filled({5, 0x0102});
    const std::string want = std::string("\x01", 1) + std::string("\0\0\0\0\0\0\x01\x02", 8) +
                             std::string("\0\0\0\x07", 4) + std::string("\x79\x03\x01\0\0\0\0\0\0", 9) +
                             std::string("\x81\x01\x05\0\0\0\0\0\0\0", 10);
    CHECK(filled == want);
    Tuple in_place = tuple;
    in_place.fill({5, 0x0102});
    CHECK(in_place.str() == want);
    CHECK_FALSE(in_place.has_holes());
}

TEST_CASE("after_prefix: the first key past all that begin so") {
    CHECK(after_prefix("ab") == "ac");
    CHECK(after_prefix("a\xff\xff") == "b");
    CHECK(after_prefix("\xff") == "");
}

}  // namespace heliopost::store
