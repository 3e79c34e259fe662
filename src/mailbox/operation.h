// Operation: one entry of a mailbox's operation log, what a commit did to its rows.
//
// Replaying the log over the chunks gives the View; a View that is in memory moves on by the same replay.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "mailbox/ranges.h"
#include "mailbox/view.h"
#include "proto/imap/command.h"
#include "store/tuple.h"

namespace heliopost::mailbox {

struct AppendRows {
    std::vector<Row> rows;              // UIDs filled in; mod-sequences not
    std::vector<std::string> keywords;  // [i] is bit keyword_bit + i of the rows' flags
};
struct SetFlags {
    imap::command::Store::Mode mode{};
    std::uint8_t system = 0;
    std::vector<std::string> keywords;
    Ranges uids;
};
struct ExpungeRows {
    Ranges uids;
};
struct Operation {
    ModSequence at;
    std::variant<AppendRows, SetFlags, ExpungeRows> what;
};

std::string encode(const SetFlags& operation);
std::string encode(const ExpungeRows& operation);

// New rows under UIDs that the committer assigns: from first_uid + plus on, and if first_email is given
// with new emails from there on. At most chunk_rows rows.
struct NewRows {
    std::span<const Row> rows;
    std::span<const std::string> keywords;
    store::Slot first_uid;
    std::uint32_t uid_plus = 0;
    std::optional<store::Slot> first_email;
    std::uint32_t email_plus = 0;
};
store::Tuple encode(const NewRows& rows);

// key: as key::Kind::operation. Fails with Fault::internal.
Result<Operation> decode_operation(std::string_view key, std::string_view octets);

// Flags as bits by the op's own keyword table, which grows by what is new.
std::uint64_t to_bits(const imap::Flags& flags, std::vector<std::string>& keywords);

// Where the keyword stands, compared without case.
std::optional<std::size_t> find_keyword(const std::vector<std::string>& keywords, std::string_view keyword);

}  // namespace heliopost::mailbox
