// The first words of a message, for lists of messages (RFC 8621 §4.1.4, RFC 8970).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace heliopost::mime {

inline constexpr size_t preview_characters_max = 256;  // RFC 8621 §4.1.4; RFC 8970 §3.1 asks for at least 200
inline constexpr size_t preview_source_octets_max = 65536;  // no more of the text is read

enum class TextFormat : std::uint8_t { plain, html };

// Of UTF-8 text: one line, white space run together, tags, scripts and styles of HTML left out and its common
// entities decoded. Quoted lines (">") of plain text are left out.
std::string preview(std::string_view text, TextFormat format);

// HTML as plain text, simply: for search and previews, never for display.
std::string text_of_html(std::string_view html);

}  // namespace heliopost::mime
