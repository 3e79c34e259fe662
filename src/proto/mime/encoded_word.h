// Encoded words: other characters in header fields.
//
// RFC 2047; RFC 2231 §5 (language).
#pragma once

#include <string>
#include <string_view>

namespace heliopost::mime {

// Text with each =?charset?B?...?= decoded to UTF-8. White space between adjacent words goes away, and
// words of one charset are joined before they are converted, so a character cut in two is whole. What
// is not a correct encoded word stays as it is. Lenient: words inside quotes, unpadded base64, spaces
// inside Q words. Raw octets above 127 are kept if they are UTF-8, else read as windows-1252.
std::string decode_words(std::string_view text);

// Text (UTF-8) as encoded words of at most 75 octets, separated by one space, where it has anything but
// printable ASCII or could be read as encoded; else unchanged.
std::string encode_words(std::string_view text);

// RFC 2231 §4: %XX decoded; no charset here.
std::string decode_percent(std::string_view text);

}  // namespace heliopost::mime
