// Texts that SEARCH looks for: without regard to case, in text that comes in pieces.
//
// Text is UTF-8, folded by Unicode's simple case folding (one character to one), which is at least what RFC
// 9051 §6.4.4 asks for. Composed and decomposed forms of a character stay different.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heliopost::imap_server {

inline constexpr std::size_t search_texts_max = 64;            // in one SEARCH: TextSet has 64 bits
inline constexpr std::size_t search_text_octets_max = 4096;    // of one of them
inline constexpr std::size_t search_slice_octets = 32 * 1024;  // folded at a time

using TextSet = std::uint64_t;  // bit i: text i

// Appends the text with its case folded. What is not UTF-8 stays as it is.
void append_folded(std::string& out, std::string_view utf8);
std::string folded(std::string_view utf8);

// Where needle, not empty, stands in text; linear in both.
bool contains(std::string_view text, std::string_view needle);

// Finds texts in one stretch of text; one that is cut by the end of a piece is found all the same.
class TextFinder {
public:
    // texts: folded; both must outlive the finder. wanted: which of them to look for.
    TextFinder(const std::vector<std::string>& texts, TextSet wanted);

    // utf8: cut between characters.
    void feed(std::string_view utf8);

    TextSet found() const { return found_; }
    bool done() const { return wanted_ == 0; }

private:
    void feed_slice(std::string_view utf8);

    const std::vector<std::string>& texts_;
    TextSet wanted_;
    TextSet found_ = 0;
    std::size_t kept_max_ = 0;  // the longest text, less one octet
    std::string window_;        // the end of what came before, then the slice
};

}  // namespace heliopost::imap_server
