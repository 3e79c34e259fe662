// The arguments of each command; for command.cc. The cursor stands behind the command's name; each function
// reads to the end of its arguments and leaves what follows to the caller.
#pragma once

#include "base/cursor.h"
#include "base/result.h"
#include "proto/imap/command.h"

namespace heliopost::imap {

enum class Numbering : std::uint8_t { sequence, uid };  // FETCH or UID FETCH

// parse_session.cc
[[nodiscard]] Result<CommandBody> parse_id(Cursor& in);
[[nodiscard]] Result<CommandBody> parse_enable(Cursor& in);
[[nodiscard]] Result<CommandBody> parse_authenticate(Cursor& in);
[[nodiscard]] Result<CommandBody> parse_login(Cursor& in);

// parse_mailbox.cc
[[nodiscard]] Result<CommandBody> parse_select(Cursor& in, Revision revision);
[[nodiscard]] Result<CommandBody> parse_examine(Cursor& in, Revision revision);
[[nodiscard]] Result<CommandBody> parse_create(Cursor& in, Revision revision);
[[nodiscard]] Result<CommandBody> parse_delete(Cursor& in, Revision revision);
[[nodiscard]] Result<CommandBody> parse_rename(Cursor& in, Revision revision);
[[nodiscard]] Result<CommandBody> parse_subscribe(Cursor& in, Revision revision);
[[nodiscard]] Result<CommandBody> parse_unsubscribe(Cursor& in, Revision revision);
[[nodiscard]] Result<CommandBody> parse_status(Cursor& in, Revision revision);
[[nodiscard]] Result<CommandBody> parse_append(Cursor& in, Revision revision);

// parse_list.cc
[[nodiscard]] Result<CommandBody> parse_list(Cursor& in, Revision revision);
[[nodiscard]] Result<CommandBody> parse_lsub(Cursor& in, Revision revision);

// parse_search.cc
[[nodiscard]] Result<CommandBody> parse_search(Cursor& in, Numbering numbering);

// parse_message.cc
[[nodiscard]] Result<CommandBody> parse_fetch(Cursor& in, Numbering numbering);
[[nodiscard]] Result<CommandBody> parse_store(Cursor& in, Numbering numbering);
[[nodiscard]] Result<CommandBody> parse_copy(Cursor& in, Revision revision, Numbering numbering);
[[nodiscard]] Result<CommandBody> parse_move(Cursor& in, Revision revision, Numbering numbering);
[[nodiscard]] Result<CommandBody> parse_uid_expunge(Cursor& in);

}  // namespace heliopost::imap
