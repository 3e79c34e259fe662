// Sets of message numbers: as a client writes them (SequenceSet) and as we compute with them (NumberSet).
//
// NumberSet serves UIDs and message sequence numbers; UidSet is its name where UIDs are meant. It keeps
// sorted, disjoint, non-adjacent ranges: a mailbox of a million messages in one piece is one range.
// RFC 9051 §9 sequence-set; "$": §6.4.4.1 (SEARCHRES).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "base/id.h"
#include "base/result.h"
#include "proto/imap/limits.h"

namespace heliopost::imap {

struct NumberRange {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    bool operator==(const NumberRange&) const = default;
};

// Numbers are never 0.
class NumberSet {
public:
    NumberSet() = default;
    // Any order, overlapping, ends swapped: O(n log n).
    explicit NumberSet(std::vector<NumberRange> ranges);
    static NumberSet of(std::uint32_t number) { return NumberSet({{number, number}}); }

    bool empty() const { return ranges_.empty(); }
    std::uint64_t size() const;  // how many numbers: O(ranges)
    std::span<const NumberRange> ranges() const { return ranges_; }
    std::optional<std::uint32_t> smallest() const;
    std::optional<std::uint32_t> largest() const;

    bool contains(std::uint32_t number) const;  // O(log ranges)
    bool contains(Uid uid) const { return contains(uid.value); }

    // Amortised O(1) in ascending order; else O(ranges).
    void add(std::uint32_t number) { add(NumberRange{number, number}); }
    void add(Uid uid) { add(uid.value); }
    void add(NumberRange range);

    // Each O(ranges of both).
    NumberSet intersect(const NumberSet& other) const;
    NumberSet unite(const NumberSet& other) const;
    NumberSet subtract(const NumberSet& other) const;

    // In ascending order.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const auto& [first, last] : ranges_)
            for (std::uint64_t number = first; number <= last; ++number)
                visit(static_cast<std::uint32_t>(number));
    }

    bool operator==(const NumberSet&) const = default;

private:
    std::vector<NumberRange> ranges_;
};

using UidSet = NumberSet;

// Appends "1:3,7"; nothing for the empty set, which the grammar does not know.
void append_set(std::string& out, const NumberSet& set);
std::string to_text(const NumberSet& set);

// As written: order and duplicates kept, "*" not yet resolved.
struct SequenceSet {
    static constexpr std::uint32_t star = 0;  // "*" in a range: the largest number in use

    bool saved_result = false;        // "$": the result of the last SEARCH RETURN (SAVE); no ranges then
    std::vector<NumberRange> ranges;  // either end may be star, either end may be the larger

    // The numbers meant where largest is the largest in use. "*" alone in an empty mailbox
    // (largest 0) is nothing. Not for "$".
    NumberSet resolve(std::uint32_t largest) const;

    // Whether every part has a "*": the numbers of an empty mailbox then, where any other is wrong.
    bool only_stars() const;

    bool operator==(const SequenceSet&) const = default;
};

// sequence-set = (seq-number / seq-range) ["," sequence-set] / seq-last-command
[[nodiscard]] Result<SequenceSet> parse_sequence_set(Cursor& in);

// known-uids, known-sequence-set and uid-set in responses: no "*", no "$". RFC 7162 §7.
[[nodiscard]] Result<NumberSet> parse_number_set(Cursor& in);

void append_sequence_set(std::string& out, const SequenceSet& set);

}  // namespace heliopost::imap
