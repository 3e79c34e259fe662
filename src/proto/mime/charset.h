// Charsets to UTF-8.
//
// The result is always UTF-8, U+FFFD for what the charset does not have. A charset that is not known is read
// as UTF-8 where the octets are, else as windows-1252 (what senders mean most often). us-ascii is
// read so too, and iso-8859-1 is read as windows-1252, as HTML's Encoding standard says.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace heliopost::mime {

inline constexpr size_t converted_octets_max = size_t{64} << 20;  // of one call, unless it asks for less

// Stops at octets_max of output, on a whole character.
std::string to_utf8(std::string_view charset, std::string_view text,
                    size_t octets_max = converted_octets_max);

// Whether to_utf8() knows this charset and need not guess.
bool is_known_charset(std::string_view charset);

// to_utf8() for a text that comes in pieces, cut anywhere. A charset that must be guessed is guessed from the
// first piece.
class CharsetReader {
public:
    explicit CharsetReader(std::string_view charset);
    ~CharsetReader();
    CharsetReader(CharsetReader&&) noexcept;
    CharsetReader& operator=(CharsetReader&&) noexcept;

    // Appends what is certain so far.
    void feed(std::string_view octets, std::string& out);
    void finish(std::string& out);

private:
    struct Converting;
    std::unique_ptr<Converting> converting_;
};

// U+FFFD for every ill-formed sequence; a copy of well-formed text.
std::string repair_utf8(std::string_view text);

// Nothing is cut in the middle of a character.
std::string_view utf8_prefix(std::string_view text, size_t octets_max);

}  // namespace heliopost::mime
