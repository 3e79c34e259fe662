// View: one mailbox at one mod-sequence, immutable, shared by every session of the account.
//
// Rows stand in chunks of up to chunk_rows, in order of UID; a newer View of the same mailbox shares the
// chunks that did not change. Any thread may read one. A session keeps the View that it has announced
// and compares it with the newest one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "mailbox/mailbox.h"
#include "proto/imap/flag.h"

namespace heliopost::mailbox {

inline constexpr std::size_t chunk_rows = 2048;

// Bits of Row::flags: the low five as imap::SystemFlag, from keyword_bit on the mailbox's keywords.
inline constexpr unsigned keyword_bit = 6;

struct Row {
    Uid uid;
    std::uint64_t flags = 0;
    EmailId email;
    ModSequence mod_sequence;   // of the last change of this row
    std::uint64_t octets = 0;   // RFC822.SIZE: prefix and blob
    std::int64_t received = 0;  // INTERNALDATE, unix milliseconds
    std::int64_t saved = 0;     // when it came into this mailbox, unix milliseconds

    bool has(imap::SystemFlag flag) const { return (flags & static_cast<std::uint64_t>(flag)) != 0; }
    bool operator==(const Row&) const = default;
};

struct Chunk {
    std::vector<Row> rows;  // never empty
    ModSequence highest;    // at least that of the rows
};

class View {
public:
    View(Mailbox mailbox, Status status, std::vector<std::string> keywords,
         std::vector<std::shared_ptr<const Chunk>> chunks);

    const Mailbox& mailbox() const { return mailbox_; }
    const Status& status() const { return status_; }
    const std::vector<std::string>& keywords() const { return keywords_; }  // [i] is bit keyword_bit + i

    std::size_t size() const { return first_index_.empty() ? 0 : first_index_.back(); }
    const Row& at(std::size_t index) const;          // 0-based: message sequence number - 1
    std::optional<std::size_t> find(Uid uid) const;  // index
    std::size_t lower_bound(Uid uid) const;          // index of the first row with at least this UID
    Uid largest_uid() const;                         // Uid{0} when empty
    std::optional<std::size_t> first_unseen() const;

    const std::vector<std::shared_ptr<const Chunk>>& chunks() const { return chunks_; }
    std::size_t chunk_begin(std::size_t chunk) const { return chunk == 0 ? 0 : first_index_[chunk - 1]; }

    std::size_t chunk_of(std::size_t index) const;  // where the row with this index stands

    imap::Flags flags_of(const Row& row) const;
    void append_flags(std::string& out, const Row& row) const;  // "\\Seen $Junk", no parentheses

private:
    Mailbox mailbox_;
    Status status_;
    std::vector<std::string> keywords_;
    std::vector<std::shared_ptr<const Chunk>> chunks_;
    std::vector<std::size_t> first_index_;  // [i]: rows in chunks 0..i
};

}  // namespace heliopost::mailbox
