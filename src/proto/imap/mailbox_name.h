// Mailbox names: UTF-8 inside, modified UTF-7 or UTF-8 on the wire.
//
// Inside, a name is UTF-8 in NFC, levels are separated by '/', and a first level that reads INBOX in
// any case is "INBOX". decode_mailbox_name() brings every name from the wire into this form, so two
// spellings of one name never become two mailboxes. Whether a new mailbox may have the name is
// check_mailbox_name()'s to say, at CREATE and RENAME.
//
// RFC 3501 §5.1, §5.1.3 (modified UTF-7); RFC 9051 §5.1 (Net-Unicode, RFC 5198).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::imap {

inline constexpr char hierarchy_separator = '/';

// What the client has enabled: rev2 from ENABLE IMAP4rev2 on. Decides how names and strings travel.
enum class Revision : std::uint8_t { rev1, rev2 };

// Fault::not_found if the text is no valid encoding (no mailbox can have such a name).
[[nodiscard]] Result<std::string> decode_mailbox_name(std::string_view wire, Revision revision);

// The text to print as an astring.
[[nodiscard]] std::string encode_mailbox_name(std::string_view name, Revision revision);

// Strict: only what to_modified_utf7() gives is accepted; Fault::syntax otherwise.
[[nodiscard]] Result<std::string> from_modified_utf7(std::string_view text);
[[nodiscard]] std::string to_modified_utf7(std::string_view utf8);  // utf8 must be valid

// NFC, and INBOX in capitals. Text that is not UTF-8 is given back unchanged.
[[nodiscard]] std::string canonical_mailbox_name(std::string_view utf8);

// May a mailbox be made under this (canonical) name? Not with control characters, line or paragraph
// separators (RFC 9051 §5.1), direction overrides, a byte order mark or noncharacters, '%' or '*', empty
// levels, levels "." and "..", a leading '#' (namespaces) or past the limits.
[[nodiscard]] Result<> check_mailbox_name(std::string_view name);

}  // namespace heliopost::imap
