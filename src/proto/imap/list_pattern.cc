#include "proto/imap/list_pattern.h"

#include "proto/imap/mailbox_name.h"

namespace heliopost::imap {
namespace {

// "**", "*%" and "%*" mean "*"; "%%" means "%". Then no two wildcards stand side by side.
std::string fold_wildcards(std::string_view text) {
    std::string folded;
    for (const char c : text) {
        const bool wild = c == '*' || c == '%';
        const bool after_wild = !folded.empty() && (folded.back() == '*' || folded.back() == '%');
        if (!wild || !after_wild)
            folded += c;
        else if (c == '*')
            folded.back() = '*';
    }
    return folded;
}

}  // namespace

ListPattern::Word* ListPattern::row(unsigned char c) {
    if (row_of_[c] == 0) {
        row_of_[c] = static_cast<std::uint16_t>(rows_.size() / words_);
        rows_.resize(rows_.size() + words_);
    }
    return rows_.data() + row_of_[c] * words_;
}

Result<ListPattern> ListPattern::compile(std::string_view text) {
    if (text.size() > list_pattern_octets_max) return fail(Fault::too_large, "pattern too long");
    const std::string folded = fold_wildcards(text);
    ListPattern pattern;
    pattern.octets_ = folded.size();
    pattern.words_ = folded.size() / 64 + 1;  // one position more than octets: the end
    pattern.rows_.resize(pattern.words_);     // row 0: octets that occur nowhere
    pattern.star_.resize(pattern.words_);
    pattern.percent_.resize(pattern.words_);
    for (size_t i = 0; i < folded.size(); ++i) {
        if (folded[i] == '*')
            pattern.set(pattern.star_.data(), i);
        else if (folded[i] == '%')
            pattern.set(pattern.percent_.data(), i);
        else
            pattern.set(pattern.row(static_cast<unsigned char>(folded[i])), i);
    }
    return pattern;
}

// The pattern's positions as a set of bits (shift-and): each octet of the name moves the set on at once,
// so there is nothing to backtrack.
bool ListPattern::matches(std::string_view name) const {
    std::array<Word, list_pattern_octets_max / 64 + 1> here{};
    // A wildcard may stand for nothing: where it is reached, the position behind it is reached too.
    const auto skip_wildcards = [&] {
        Word carry = 0;
        for (size_t w = 0; w < words_; ++w) {
            const Word wild = here[w] & (star_[w] | percent_[w]);
            here[w] |= wild << 1 | carry;
            carry = wild >> 63;
        }
    };
    here[0] = 1;
    skip_wildcards();
    for (const char c : name) {
        const Word* row = rows_.data() + row_of_[static_cast<unsigned char>(c)] * words_;
        const Word percent_stays = c == hierarchy_separator ? Word{0} : ~Word{0};
        Word carry = 0;
        Word any = 0;
        for (size_t w = 0; w < words_; ++w) {
            const Word moving = here[w] & row[w];
            const Word staying = here[w] & (star_[w] | (percent_[w] & percent_stays));
            here[w] = moving << 1 | carry | staying;
            carry = moving >> 63;
            any |= here[w];
        }
        if (any == 0) return false;
        skip_wildcards();
    }
    return (here[octets_ / 64] >> (octets_ % 64) & 1U) != 0;
}

std::string join_reference(std::string_view reference, std::string_view pattern) {
    return std::string(reference) + std::string(pattern);
}

}  // namespace heliopost::imap
