// resp-text-code: what stands in brackets after OK, NO, BAD, BYE and PREAUTH, and whole status lines.
//
//   std::string out;
//   append_status(out, tag, Condition::ok, code::append_uid(validity, uids), "APPEND completed");
//
// RFC 9051 §7.1; RFC 5530 (words like NONEXISTENT); RFC 4315 (UIDs); RFC 7162 (HIGHESTMODSEQ, MODIFIED).
#pragma once

#include <string>
#include <string_view>

#include "base/id.h"
#include "proto/imap/flag.h"
#include "proto/imap/sequence_set.h"

namespace heliopost::imap {

enum class Condition : std::uint8_t { ok, no, bad, bye, preauth };

// Writes "tag OK [code] text\r\n". An empty tag is "*"; an empty code leaves the brackets out.
void append_status(std::string& out, std::string_view tag, Condition condition, std::string_view code,
                   std::string_view text);

// "+ text\r\n"; the text may be empty (a SASL challenge in base64, or a word to the reader).
void append_continuation(std::string& out, std::string_view text);

namespace code {

// Words without arguments.
inline constexpr std::string_view alert = "ALERT";
inline constexpr std::string_view already_exists = "ALREADYEXISTS";
inline constexpr std::string_view authentication_failed = "AUTHENTICATIONFAILED";
inline constexpr std::string_view authorization_failed = "AUTHORIZATIONFAILED";
inline constexpr std::string_view cannot = "CANNOT";
inline constexpr std::string_view client_bug = "CLIENTBUG";
inline constexpr std::string_view closed = "CLOSED";
inline constexpr std::string_view contact_admin = "CONTACTADMIN";
inline constexpr std::string_view expired = "EXPIRED";
inline constexpr std::string_view expunge_issued = "EXPUNGEISSUED";
inline constexpr std::string_view has_children = "HASCHILDREN";
inline constexpr std::string_view in_use = "INUSE";
inline constexpr std::string_view limit = "LIMIT";
inline constexpr std::string_view no_mod_sequence = "NOMODSEQ";
inline constexpr std::string_view non_existent = "NONEXISTENT";
inline constexpr std::string_view no_permission = "NOPERM";
inline constexpr std::string_view not_saved = "NOTSAVED";
inline constexpr std::string_view over_quota = "OVERQUOTA";
inline constexpr std::string_view parse = "PARSE";
inline constexpr std::string_view privacy_required = "PRIVACYREQUIRED";
inline constexpr std::string_view read_only = "READ-ONLY";
inline constexpr std::string_view read_write = "READ-WRITE";
inline constexpr std::string_view server_bug = "SERVERBUG";
inline constexpr std::string_view too_big = "TOOBIG";  // RFC 7889 §4
inline constexpr std::string_view try_create = "TRYCREATE";
inline constexpr std::string_view uid_not_sticky = "UIDNOTSTICKY";
inline constexpr std::string_view unavailable = "UNAVAILABLE";
inline constexpr std::string_view unknown_cte = "UNKNOWN-CTE";
inline constexpr std::string_view use_attribute = "USEATTR";  // RFC 6154 §3

std::string append_uid(UidValidity validity, const UidSet& uids);
// source and destination pair up in ascending order.
std::string copy_uid(UidValidity validity, const UidSet& source, const UidSet& destination);
std::string uid_validity(UidValidity validity);
std::string uid_next(Uid next);
std::string highest_mod_sequence(ModSequence mod_sequence);
std::string modified(const NumberSet& set);  // RFC 7162 §3.1.3
// flag-perm: with new_keywords also "\*".
std::string permanent_flags(const Flags& flags, bool new_keywords);
std::string capability(std::string_view names);        // "CAPABILITY IMAP4rev1 ..."
std::string bad_charset(std::string_view names = {});  // names: atoms with blanks between

}  // namespace code
}  // namespace heliopost::imap
