// Command: one IMAP command as a value.
//
// parse_command() reads what CommandReader collected. It knows no session: whether a command may come
// now, which extensions are on and what a mailbox name means is for server/imap. Mailbox names come
// out canonical (mailbox_name.h), macros expanded, "*" and "$" unresolved.
//
// A wrong command is a BadCommand with the tag to answer it under; Fault::syntax and Fault::too_large
// mean BAD, Fault::not_found (an impossible mailbox name) means NO.
//
// Lenient where clients are known to be: any valid UTF-8 in quoted strings also under rev1; a blank at
// the end of the command. Every other deviation from the grammar is refused.
//
// RFC 9051 §6, RFC 3501 §6; RFC 2971 (ID), 3516 (BINARY), 4315 (UIDPLUS), 5161 (ENABLE), 5258
// (LIST-EXTENDED), 5819 (LIST-STATUS), 6154 (SPECIAL-USE), 6851 (MOVE), 7162 (CONDSTORE, QRESYNC).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "proto/imap/command_reader.h"
#include "proto/imap/date.h"
#include "proto/imap/fetch_item.h"
#include "proto/imap/flag.h"
#include "proto/imap/mailbox_name.h"
#include "proto/imap/search_key.h"
#include "proto/imap/sequence_set.h"
#include "proto/imap/status_item.h"

namespace heliopost::imap {

namespace command {

struct Capability {};
struct Noop {};
struct Logout {};
struct Starttls {};
struct Namespace {};
struct Idle {};
struct Check {};
struct Close {};
struct Unselect {};
struct Expunge {};

struct Id {  // ID NIL is no fields
    std::vector<std::pair<std::string, std::optional<std::string>>> fields;
};
struct Enable {
    std::vector<std::string> names;  // in capitals
};
struct Authenticate {
    std::string mechanism;               // in capitals
    std::optional<std::string> initial;  // SASL-IR, decoded; "=" is the empty one. RFC 4959
};
struct Login {
    std::string user;
    std::string password;
};

// QRESYNC (uidvalidity modseq [known-uids] [(known-seqs known-uids)]): RFC 7162 §3.2.5
struct Qresync {
    UidValidity uid_validity;
    ModSequence mod_sequence;
    std::optional<UidSet> known_uids;
    NumberSet matched_numbers;  // both empty, or of the same size
    UidSet matched_uids;
};
struct Select {  // also EXAMINE
    std::string mailbox;
    bool read_only = false;
    bool condstore = false;
    std::optional<Qresync> qresync;
};
struct Create {
    std::string mailbox;
    std::vector<std::string> special_uses;  // "\Sent", as written
};
struct Delete {
    std::string mailbox;
};
struct Rename {
    std::string from;
    std::string to;
};
struct Subscribe {
    std::string mailbox;
};
struct Unsubscribe {
    std::string mailbox;
};

struct List {
    std::string reference;
    std::vector<std::string> patterns;  // canonical UTF-8; one or more
    bool extended = false;              // any option or several patterns: RFC 5258 §3
    // selection options
    bool subscribed = false;
    bool remote = false;
    bool recursive_match = false;
    bool special_use = false;
    // return options
    bool return_subscribed = false;
    bool return_children = false;
    bool return_special_use = false;
    std::optional<StatusItems> return_status;
};
struct Lsub {
    std::string reference;
    std::string pattern;
};
struct Status {
    std::string mailbox;
    StatusItems items;
};
struct Append {  // the text ends with the header of the message literal
    std::string mailbox;
    Flags flags;
    std::optional<DateTime> received;
    LiteralHeader literal;
};

struct SearchReturn {
    bool min = false;
    bool max = false;
    bool all = false;
    bool count = false;
    bool save = false;
    bool operator==(const SearchReturn&) const = default;
};
struct Search {
    bool uid = false;
    std::optional<SearchReturn> give;    // ESEARCH; RETURN () is RETURN (ALL)
    std::optional<std::string> charset;  // in capitals
    SearchKey key;
};
struct Fetch {
    bool uid = false;
    SequenceSet set;
    std::vector<FetchItem> items;
    std::optional<ModSequence> changed_since;
    bool vanished = false;  // only with uid and changed_since: RFC 7162 §3.2.6
};
struct Store {
    enum class Mode : std::uint8_t { replace, add, remove };

    bool uid = false;
    SequenceSet set;
    std::optional<ModSequence> unchanged_since;  // 0 is allowed here: RFC 7162 §3.1.3
    Mode mode{};
    bool silent = false;
    Flags flags;
};
struct Copy {
    bool uid = false;
    SequenceSet set;
    std::string mailbox;
};
struct Move {
    bool uid = false;
    SequenceSet set;
    std::string mailbox;
};
struct UidExpunge {
    SequenceSet set;
};

}  // namespace command

using CommandBody =
    std::variant<command::Capability, command::Noop, command::Logout, command::Starttls, command::Namespace,
                 command::Idle, command::Check, command::Close, command::Unselect, command::Expunge,
                 command::Id, command::Enable, command::Authenticate, command::Login, command::Select,
                 command::Create, command::Delete, command::Rename, command::Subscribe, command::Unsubscribe,
                 command::List, command::Lsub, command::Status, command::Append, command::Search,
                 command::Fetch, command::Store, command::Copy, command::Move, command::UidExpunge>;

struct Command {
    std::string tag;
    CommandBody body;
};

struct BadCommand {
    std::string tag;  // "" if the line has none: answer "* BAD"
    Error error;
};

// text: CommandReader::text(), without the CRLF at the end (for APPEND: up to and with the CRLF of its
// literal's header).
[[nodiscard]] std::expected<Command, BadCommand> parse_command(std::string_view text, Revision revision);

// The first word of the command ("FETCH", "UID FETCH") in capitals, for logs and counters.
// "" if it is no command that we know.
[[nodiscard]] std::string_view command_name(const Command& command);

// The tag at the start of a line, "" if there is none. tag = 1*<any ASTRING-CHAR except "+">
[[nodiscard]] std::string_view find_tag(std::string_view text);

}  // namespace heliopost::imap
