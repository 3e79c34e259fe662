// The header of the message that a notification is about, made fit to be returned. Internal to report.cc.
#pragma once

#include <string>
#include <string_view>

namespace heliopost::dsn {

struct Original {
    std::string header;
    bool cut = false;  // fields or lines of it are missing
};

// The header block without its empty line: lines, each with CRLF and cut at 998 octets; no bare CR or LF.
// What is not UTF-8 becomes "?", so that the result is ASCII or UTF-8. Whole lines,
// original_header_octets_max of them; or, of each of From, To, Subject, Date and Message-ID, the first
// field's, summary_field_octets_max of them.
Original original_header(std::string_view message, bool summary = false);

// One line for people or for a field: controls and, unless it is UTF-8, all that is not ASCII become "?".
std::string clean_line(std::string_view text, size_t octets_max);

// For prose and what peers said: runs of spaces become one, those at the ends go.
std::string squeeze(std::string_view text);

// Folded at spaces near 76 octets, by force at 900; without the last CRLF. The text is clean. Of a field the
// lines that follow begin with a space, of prose with what the first one stands behind. No line is of blanks
// alone but where all the text is.
std::string fold(std::string_view text, std::string_view indent = " ");

}  // namespace heliopost::dsn
