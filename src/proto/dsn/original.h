// The header of the message that a notification is about, made fit to be returned. Internal to report.cc.
#pragma once

#include <string>
#include <string_view>

namespace heliopost::dsn {

// The header block without its empty line: whole lines, each with CRLF, 64 KiB at most; no bare CR or LF.
// What is not UTF-8 becomes "?", so that the result is ASCII or UTF-8.
std::string original_header(std::string_view message);

// One line for people or for a field: controls and, unless it is UTF-8, all that is not ASCII become "?".
std::string clean_line(std::string_view text, size_t octets_max);

// Folded at spaces near 76 octets, by force at 900; without the last CRLF. The text is clean.
std::string fold(std::string_view text);

}  // namespace heliopost::dsn
