// The words of the IMAP grammar: what commands, keys and items are made of.
//
// For the parsers of this folder. Literals stand in the text with their header ("{3}\r\nann"), as
// CommandReader leaves them. RFC 9051 §9.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/cursor.h"
#include "base/id.h"
#include "base/result.h"
#include "proto/imap/command_reader.h"
#include "proto/imap/mailbox_name.h"

namespace heliopost::imap {

// ATOM-CHAR = <any CHAR except atom-specials>
bool is_atom_char(char c);
// ASTRING-CHAR = ATOM-CHAR / resp-specials
bool is_astring_char(char c);

[[nodiscard]] Result<> expect_space(Cursor& in);

[[nodiscard]] Result<std::string_view> parse_atom(Cursor& in);
[[nodiscard]] Result<std::string> parse_astring(Cursor& in);  // 1*ASTRING-CHAR / string
[[nodiscard]] Result<std::string> parse_string(Cursor& in);   // quoted / literal
[[nodiscard]] Result<std::optional<std::string>> parse_nstring(Cursor& in);
// list-mailbox = 1*list-char / string
[[nodiscard]] Result<std::string> parse_list_mailbox(Cursor& in);

// mailbox = "INBOX" / astring, made canonical.
[[nodiscard]] Result<std::string> parse_mailbox(Cursor& in, Revision revision);

// literal or literal8 up to the CRLF of its header.
[[nodiscard]] Result<LiteralHeader> parse_literal_header(Cursor& in);

[[nodiscard]] Result<std::uint32_t> parse_number(Cursor& in);     // number
[[nodiscard]] Result<std::uint32_t> parse_nz_number(Cursor& in);  // nz-number
[[nodiscard]] Result<std::uint64_t> parse_number64(Cursor& in);   // number64: 63 bits

enum class ZeroModSequence : std::uint8_t { refused, allowed };
// mod-sequence-value, mod-sequence-valzer: RFC 7162 §7
[[nodiscard]] Result<ModSequence> parse_mod_sequence(Cursor& in, ZeroModSequence zero);

}  // namespace heliopost::imap
