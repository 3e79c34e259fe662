#include "proto/imap/sequence_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/assert.h"

namespace heliopost::imap {
namespace {

std::optional<SequenceSet> parse(std::string_view text) {
    Cursor in(text);
    auto set = parse_sequence_set(in);
    if (!set || !in.done()) return std::nullopt;
    return *std::move(set);
}

NumberSet set_of(std::string_view text) {
    Cursor in(text);
    return parse_number_set(in).value_or(NumberSet());
}

}  // namespace

TEST_CASE("sequence-set: RFC 9051 §9") {
    struct Case {
        std::string_view text;
        std::string_view resolved;  // with 15 as the largest; "!" for a syntax error
    };
    const Case cases[] = {
        {"1", "1"},          {"2,4:7,9,12:*", "2,4:7,9,12:15"},  // the RFC's own example
        {"*:4,5:7", "4:15"}, {"*", "15"},
        {"*:*", "15"},       {"20:*", "15:20"},  // swapped: includes the largest
        {"7:3", "3:7"},      {"3,1,2", "1:3"},
        {"5,5,5", "5"},      {"4294967295", "4294967295"},
        {"", "!"},           {"0", "!"},
        {"01", "!"},         {"1,", "!"},
        {"1:", "!"},         {":1", "!"},
        {"1:2:3", "!"},      {"4294967296", "!"},
        {"$,1", "!"},        {"1,$", "!"},
        {"-1", "!"},
    };
    for (const auto& [text, resolved] : cases) {
        CAPTURE(text);
        const auto set = parse(text);
        CHECK((set ? to_text(set->resolve(15)) : "!") == resolved);
        if (!set) continue;
        std::string printed;
        append_sequence_set(printed, *set);
        CHECK(parse(printed) == set);
    }
    const auto saved = parse("$");
    const auto last = parse("*");
    const auto all = parse("1:*");
    ASSERT(saved.has_value() && last.has_value() && all.has_value());
    CHECK(saved->saved_result);
    CHECK(last->resolve(0).empty());
    CHECK(all->resolve(0) == NumberSet::of(1));
}

TEST_CASE("sequence-set: as many ranges as allowed, and one more") {
    std::string text = "1";
    for (size_t i = 1; i < set_ranges_max; ++i) text += ",1";
    CHECK(parse(text));
    CHECK_FALSE(parse(text + ",1"));
}

TEST_CASE("number set: only numbers") {
    for (const std::string_view bad : {"*", "1:*", "$"}) {
        Cursor in(bad);
        CHECK_FALSE(parse_number_set(in).has_value());
    }
}

TEST_CASE("number set: agrees with a set of numbers") {
    unsigned random = 1;
    const auto next = [&random] { return (random = random * 1'103'515'245 + 12'345) >> 16; };
    for (int round = 0; round < 300; ++round) {
        NumberSet a;
        NumberSet b;
        std::set<std::uint32_t> plain_a;
        std::set<std::uint32_t> plain_b;
        for (int i = 0; i < 30; ++i) {
            const std::uint32_t first = next() % 60 + 1;
            const std::uint32_t last = first + next() % 4;
            a.add(NumberRange{last, first});
            b.add(last);
            for (std::uint32_t n = first; n <= last; ++n) plain_a.insert(n);
            plain_b.insert(last);
        }
        const auto both = a.intersect(b);
        const auto all = a.unite(b);
        const auto rest = a.subtract(b);
        for (std::uint32_t n = 1; n < 70; ++n) {
            CHECK(a.contains(n) == plain_a.contains(n));
            CHECK(both.contains(n) == (plain_a.contains(n) && plain_b.contains(n)));
            CHECK(all.contains(n) == (plain_a.contains(n) || plain_b.contains(n)));
            CHECK(rest.contains(n) == (plain_a.contains(n) && !plain_b.contains(n)));
        }
        CHECK(a.size() == plain_a.size());
        CHECK(a.smallest() == *plain_a.begin());
        CHECK(a.largest() == *plain_a.rbegin());
        std::vector<std::uint32_t> visited;
        a.for_each([&](std::uint32_t n) { visited.push_back(n); });
        CHECK(std::ranges::equal(visited, plain_a));
        for (const auto& set : {a, both, all, rest})  // normal form: prints and reads back to itself
            CHECK(set_of(to_text(set)) == set);
    }
}

TEST_CASE("number set: at the ends of 32 bits") {
    NumberSet all({{1, 0xFFFFFFFF}});
    CHECK(all.size() == 0xFFFFFFFF);
    all.add(5);
    CHECK(to_text(all) == "1:4294967295");
    CHECK(to_text(all.subtract(NumberSet::of(0xFFFFFFFF))) == "1:4294967294");
    CHECK(all.subtract(all).empty());
    NumberSet last = NumberSet::of(0xFFFFFFFF);
    last.add(0xFFFFFFFE);
    CHECK(to_text(last) == "4294967294:4294967295");
    size_t visits = 0;
    last.for_each([&](std::uint32_t) { ++visits; });
    CHECK(visits == 2);
}

TEST_CASE("number set: a million numbers are quick in order and compact") {
    NumberSet set;
    for (std::uint32_t n = 1; n <= 1'000'000; ++n) set.add(n);
    CHECK(set.ranges().size() == 1);
    NumberSet odd;
    for (std::uint32_t n = 1; n <= 1'000'000; n += 2) odd.add(n);
    CHECK(odd.ranges().size() == 500'000);
    CHECK(set.subtract(odd).size() == 500'000);
    CHECK(set.intersect(odd) == odd);
}

}  // namespace heliopost::imap
