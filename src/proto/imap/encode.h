// Writers of IMAP values: each appends to a std::string, so that a session builds its answer in one buffer.
//
// Strings go out in the shortest form that the reader of this revision understands: atom (only astring),
// quoted, literal. A quoted string holds UTF-8 only under rev2 (RFC 9051 §4.3); everything that is not
// allowed there (8-bit under rev1, CR, LF, text that is not UTF-8) becomes a literal. A NUL, which no
// literal may hold, becomes the octet 0x80: RFC 9051 §4.3.1 leaves nothing better; the exact octets are
// to be had through BINARY.
//
// Message texts are not written through here whole: append_literal_header(), then the octets streamed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "proto/imap/mailbox_name.h"

namespace heliopost::imap {

void append_number(std::string& out, std::uint64_t number);
void append_astring(std::string& out, std::string_view text, Revision revision);
void append_string(std::string& out, std::string_view text, Revision revision);
void append_nstring(std::string& out, const std::optional<std::string>& text, Revision revision);

// "{n}\r\n", or "~{n}\r\n" for literal8; the caller sends n octets next.
void append_literal_header(std::string& out, std::uint64_t octets, bool binary = false);
void append_literal(std::string& out, std::string_view octets);

// The mailbox name as an astring of that revision.
void append_mailbox(std::string& out, std::string_view name, Revision revision);

// resp-text after the code: never empty, CR, LF, NUL and other controls blanked out.
void append_text(std::string& out, std::string_view text);

}  // namespace heliopost::imap
