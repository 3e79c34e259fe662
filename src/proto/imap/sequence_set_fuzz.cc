#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/imap/sequence_set.h"

// A set prints to a text that reads back to the same set; the resolved one is in normal form.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    Cursor in(std::string_view(reinterpret_cast<const char*>(data), size));
    const auto set = imap::parse_sequence_set(in);
    if (!set) return 0;
    std::string text;
    imap::append_sequence_set(text, *set);
    Cursor again(text);
    const auto second = imap::parse_sequence_set(again);
    if (!second || *second != *set || !again.done()) std::abort();

    const auto numbers = set->resolve(1000);
    std::uint64_t last = 0;
    for (const auto& range : numbers.ranges()) {
        if (range.first > range.last || (last != 0 && range.first <= last + 1)) std::abort();
        if (range.first == 0) std::abort();
        last = range.last;
    }
    imap::NumberSet added;
    for (const auto& range : set->ranges) {
        const auto end = [](std::uint32_t number) {
            return number == imap::SequenceSet::star ? 1000U : number;
        };
        added.add(imap::NumberRange{end(range.first), end(range.last)});
    }
    if (added != numbers) std::abort();
    if (numbers.subtract(numbers) != imap::NumberSet() || numbers.intersect(numbers) != numbers) std::abort();
    if (numbers.unite(added) != numbers || numbers.smallest().has_value() == numbers.empty()) std::abort();
    const imap::NumberSet even({{2, 2}, {4, 4}, {6, 10}, {500, 999}});
    const auto both = numbers.intersect(even);
    if (both.size() + numbers.subtract(even).size() != numbers.size()) std::abort();
    if (numbers.unite(even).size() != numbers.size() + even.size() - both.size()) std::abort();
    both.for_each([&](std::uint32_t number) {
        if (!numbers.contains(number) || !even.contains(number)) std::abort();
    });
    if (numbers.empty()) return 0;
    const auto smallest = numbers.smallest();
    const auto largest = numbers.largest();
    if (!smallest || !largest || !numbers.contains(*smallest) || !numbers.contains(*largest)) std::abort();
    Cursor printed_in(text = imap::to_text(numbers));
    if (imap::parse_number_set(printed_in).value() != numbers) std::abort();
    return 0;
}
