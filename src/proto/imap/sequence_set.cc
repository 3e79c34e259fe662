#include "proto/imap/sequence_set.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

void append_decimal(std::string& out, std::uint32_t number) {
    char digits[10];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

// Does b start inside a or right behind it? a.first <= b.first.
bool touches(const NumberRange& a, const NumberRange& b) {
    return b.first <= a.last || b.first - a.last == 1;
}

// seq-number = nz-number / "*"
Result<std::uint32_t> parse_seq_number(Cursor& in) {
    if (in.take('*')) return SequenceSet::star;
    return parse_nz_number(in);
}

}  // namespace

NumberSet::NumberSet(std::vector<NumberRange> ranges) : ranges_(std::move(ranges)) {
    for (auto& range : ranges_)
        if (range.first > range.last) std::swap(range.first, range.last);
    if (!std::ranges::is_sorted(ranges_, {}, &NumberRange::first))
        std::ranges::sort(ranges_, {}, &NumberRange::first);
    size_t kept = 0;
    for (const NumberRange range : ranges_) {
        if (kept > 0 && touches(ranges_[kept - 1], range))
            ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
        else
            ranges_[kept++] = range;
    }
    ranges_.resize(kept);
}

std::uint64_t NumberSet::size() const {
    std::uint64_t numbers = 0;
    for (const auto& [first, last] : ranges_) numbers += std::uint64_t{last} - first + 1;
    return numbers;
}

std::optional<std::uint32_t> NumberSet::smallest() const {
    if (ranges_.empty()) return std::nullopt;
    return ranges_.front().first;
}

std::optional<std::uint32_t> NumberSet::largest() const {
    if (ranges_.empty()) return std::nullopt;
    return ranges_.back().last;
}

bool NumberSet::contains(std::uint32_t number) const {
    const auto range = std::ranges::lower_bound(ranges_, number, {}, &NumberRange::last);
    return range != ranges_.end() && range->first <= number;
}

void NumberSet::add(NumberRange range) {
    if (range.first > range.last) std::swap(range.first, range.last);
    if (ranges_.empty() || range.first > ranges_.back().last) {
        if (!ranges_.empty() && touches(ranges_.back(), range))
            ranges_.back().last = range.last;
        else
            ranges_.push_back(range);
        return;
    }
    // All ranges that the new one touches become one with it.
    const auto from =
        std::ranges::lower_bound(ranges_, range.first == 0 ? 0 : range.first - 1, {}, &NumberRange::last);
    auto to = from;
    while (to != ranges_.end() && (to->first <= range.last || to->first - range.last == 1)) {
        range = {std::min(range.first, to->first), std::max(range.last, to->last)};
        ++to;
    }
    if (from == to) {
        ranges_.insert(from, range);
        return;
    }
    *from = range;
    ranges_.erase(from + 1, to);
}

NumberSet NumberSet::intersect(const NumberSet& other) const {
    NumberSet both;
    auto a = ranges_.begin();
    auto b = other.ranges_.begin();
    while (a != ranges_.end() && b != other.ranges_.end()) {
        const NumberRange common{std::max(a->first, b->first), std::min(a->last, b->last)};
        if (common.first <= common.last) both.ranges_.push_back(common);
        if (a->last < b->last)
            ++a;
        else
            ++b;
    }
    return both;
}

NumberSet NumberSet::unite(const NumberSet& other) const {
    std::vector<NumberRange> all;
    all.reserve(ranges_.size() + other.ranges_.size());
    std::ranges::merge(ranges_, other.ranges_, std::back_inserter(all), {}, &NumberRange::first,
                       &NumberRange::first);
    return NumberSet(std::move(all));
}

NumberSet NumberSet::subtract(const NumberSet& other) const {
    NumberSet rest;
    auto cut = other.ranges_.begin();
    for (NumberRange range : ranges_) {
        while (cut != other.ranges_.end() && cut->last < range.first) ++cut;
        bool used_up = false;
        for (auto next = cut; next != other.ranges_.end() && next->first <= range.last; ++next) {
            if (next->first > range.first) rest.ranges_.push_back({range.first, next->first - 1});
            cut = next;
            used_up = next->last >= range.last;
            if (used_up) break;
            range.first = next->last + 1;
        }
        if (!used_up) rest.ranges_.push_back(range);
    }
    return rest;
}

void append_set(std::string& out, const NumberSet& set) {
    bool first = true;
    for (const auto& range : set.ranges()) {
        if (!std::exchange(first, false)) out += ',';
        append_decimal(out, range.first);
        if (range.first == range.last) continue;
        out += ':';
        append_decimal(out, range.last);
    }
}

std::string to_text(const NumberSet& set) {
    std::string out;
    append_set(out, set);
    return out;
}

NumberSet SequenceSet::resolve(std::uint32_t largest) const {
    std::vector<NumberRange> resolved;
    resolved.reserve(ranges.size());
    for (auto [first, last] : ranges) {
        if (first == star) first = largest;
        if (last == star) last = largest;
        if (first == 0) first = last;  // "*" in an empty mailbox
        if (last == 0) last = first;
        if (first != 0) resolved.push_back({first, last});
    }
    return NumberSet(std::move(resolved));
}

bool SequenceSet::only_stars() const {
    return !saved_result && std::ranges::all_of(ranges, [](const NumberRange& range) {
        return range.first == star || range.last == star;
    });
}

Result<SequenceSet> parse_sequence_set(Cursor& in) {
    SequenceSet set;
    if (in.take('$')) {  // RFC 9051 §6.4.4.1
        set.saved_result = true;
        return set;
    }
    do {
        if (set.ranges.size() == set_ranges_max) return fail(Fault::too_large, "set too long");
        NumberRange range;
        range.first = TRY(parse_seq_number(in));
        range.last = range.first;
        if (in.take(':')) range.last = TRY(parse_seq_number(in));
        set.ranges.push_back(range);
    } while (in.take(','));
    return set;
}

Result<NumberSet> parse_number_set(Cursor& in) {
    SequenceSet set = TRY(parse_sequence_set(in));
    const auto has_star = [](const NumberRange& range) {
        return range.first == SequenceSet::star || range.last == SequenceSet::star;
    };
    if (set.saved_result || std::ranges::any_of(set.ranges, has_star))
        return fail(Fault::syntax, "only numbers in this set");
    return NumberSet(std::move(set.ranges));
}

void append_sequence_set(std::string& out, const SequenceSet& set) {
    if (set.saved_result) out += '$';
    const auto append_end = [&out](std::uint32_t number) {
        if (number == SequenceSet::star)
            out += '*';
        else
            append_decimal(out, number);
    };
    bool first = true;
    for (const auto& range : set.ranges) {
        if (!std::exchange(first, false)) out += ',';
        append_end(range.first);
        if (range.first == range.last) continue;
        out += ':';
        append_end(range.last);
    }
}

}  // namespace heliopost::imap
