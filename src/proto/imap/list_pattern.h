// ListPattern: the "%" and "*" patterns of LIST and LSUB.
//
// Matching takes time linear in the name (a word operation per 64 octets of pattern for each octet of
// the name), whatever the pattern: many wildcards cost nothing more. Compile once, match many.
// RFC 9051 §6.3.9; reference names: §6.3.9, here plain concatenation.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/imap/limits.h"

namespace heliopost::imap {

class ListPattern {
public:
    // text: canonical UTF-8 (the command parser gives it so). Fault::too_large past
    // list_pattern_octets_max.
    [[nodiscard]] static Result<ListPattern> compile(std::string_view text);

    // name: canonical, see mailbox_name.h.
    bool matches(std::string_view name) const;

    // "" as a pattern: the client asks for the separator and the root only.
    bool empty() const { return octets_ == 0; }

private:
    using Word = std::uint64_t;
    ListPattern() = default;
    Word* row(unsigned char c);
    void set(Word* words, size_t bit) const { words[bit / 64] |= Word{1} << (bit % 64); }

    size_t octets_ = 0;  // of the pattern, runs of wildcards folded into one
    size_t words_ = 0;
    std::array<std::uint16_t, 256> row_of_{};  // 0: the octet does not occur in the pattern
    std::vector<Word> rows_;                   // bit i: position i accepts the octet and moves on
    std::vector<Word> star_;                   // bit i: position i is "*": accepts all and stays
    std::vector<Word> percent_;                // bit i: position i is "%": accepts all but '/'
};

// What LIST matches names against. An absolute pattern is not special: there is one root.
[[nodiscard]] std::string join_reference(std::string_view reference, std::string_view pattern);

}  // namespace heliopost::imap
