// Fetch: one FETCH command at work: which rows, which items, and their answers, streamed.
//
// Rows give flags, UID, dates and sizes; ENVELOPE is read from the messages' records; only what else stands
// in a message loads whole emails. Records and emails are loaded some at a time. A
// message that is gone from the store while the client still counts it is passed over, and the command
// ends NO [EXPUNGEISSUED] (RFC 5530).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "mailbox/account.h"
#include "net/pace.h"
#include "proto/imap/command.h"
#include "proto/imap/mailbox_name.h"
#include "proto/imap/structure_writer.h"
#include "server/imap/output.h"
#include "server/imap/row_cursor.h"
#include "server/imap/section_range.h"

namespace heliopost::imap_server {

inline constexpr std::size_t emails_at_once = 64;  // loaded together
// Changed before others have their turn. A header of lines of a few octets costs a millisecond for as many.
inline constexpr std::size_t fetch_turn_octets = 64 * 1024;

class Fetch {
public:
    Fetch(mailbox::Account& account, net::World& world, Output& out,
          std::shared_ptr<const mailbox::View> view, imap::Revision revision, imap::command::Fetch asked)
        : account_(account),
          log_(world.log()),
          pace_(world, fetch_turn_octets),
          out_(out),
          view_(std::move(view)),
          revision_(revision),
          asked_(std::move(asked)) {}

    // Answers for these rows, as far as CHANGEDSINCE does not leave them out.
    net::Task<Result<void>> run(IndexRanges rows);

    bool some_gone() const { return some_gone_; }                // expunged for good, by another session
    bool some_unreadable() const { return some_unreadable_; }    // logged
    bool unknown_encoding() const { return unknown_encoding_; }  // BINARY met an encoding it cannot undo

private:
    bool is_wanted(const mailbox::Row& row) const {
        return !asked_.changed_since || row.mod_sequence > *asked_.changed_since;
    }
    // How far the answer has come.
    struct ShortAnswer {
        std::size_t item = 0;
        imap::EnvelopePlace envelope;
        bool operator==(const ShortAnswer&) const = default;
    };
    enum class Source : std::uint8_t { rows, envelopes, emails };  // what the answers are made of
    Source source() const;
    net::Task<void> answer_rows(IndexRanges rows);
    net::Task<Result<void>> answer_page(std::vector<std::size_t> indexes);
    net::Task<Result<void>> answer_envelopes(std::vector<std::size_t> indexes, std::vector<EmailId> ids);
    net::Task<Result<void>> answer_emails(std::vector<std::size_t> indexes, std::vector<EmailId> ids);
    net::Task<void> answer(std::size_t index, std::shared_ptr<const mailbox::Email> email);
    // Of an answer without octets of the message; envelope may be null where it is not asked for.
    // False: send what there is, and call again to go on.
    bool append_short_answer(std::size_t index, const mailbox::Row& row, const mime::EnvelopeView* envelope,
                             ShortAnswer& answer);
    net::Task<void> append_envelope(std::shared_ptr<const mailbox::Email> email);
    void append_number(std::size_t index);  // "* 1 FETCH ("
    void append_row_item(const imap::FetchItem& item, const mailbox::Row& row);
    void append_structure_item(const imap::FetchItem& item, const mime::Structure& structure);
    void pass_over(EmailId email, const std::string& reason);  // one that cannot be read

    // fetch_section.cc
    net::Task<Result<void>> append_octets_item(imap::FetchItem item,
                                               std::shared_ptr<const mailbox::Email> email);
    net::Task<Result<void>> append_section(imap::FetchItem item, std::shared_ptr<const mailbox::Email> email);
    net::Task<Result<void>> append_octets(std::shared_ptr<const mailbox::Email> email, OctetRange range);

    // fetch_changed.cc: what is not sent as it stands in the message
    struct Changed {
        std::uint64_t octets = 0;
        bool nul = false;
    };
    // Appends what becomes of a piece, or of the end, which is an empty one.
    using Change = std::function<void(std::string_view piece, std::string& out)>;
    // Reads the range and gives it away in pieces of at most fetch_turn_octets, with turns between them,
    // until it is read or no more is wanted.
    using Give = std::function<bool(std::string_view piece)>;
    net::Task<Result<void>> read_in_turns(std::shared_ptr<const mailbox::Email> email, OctetRange range,
                                          Give give);
    net::Task<Result<void>> append_binary(imap::FetchItem item, std::shared_ptr<const mailbox::Email> email);
    net::Task<Result<void>> append_header_fields(imap::FetchItem item,
                                                 std::shared_ptr<const mailbox::Email> email,
                                                 OctetRange range);
    net::Task<Result<Changed>> measure(std::shared_ptr<const mailbox::Email> email, OctetRange range,
                                       Change change);
    net::Task<Result<void>> append_changed(std::shared_ptr<const mailbox::Email> email, OctetRange range,
                                           Change change, OctetRange wanted);

    mailbox::Account& account_;
    const Log& log_;
    net::Pace pace_;
    Output& out_;
    std::shared_ptr<const mailbox::View> view_;
    imap::Revision revision_;
    imap::command::Fetch asked_;
    bool some_gone_ = false;
    bool some_unreadable_ = false;
    bool unknown_encoding_ = false;
};

}  // namespace heliopost::imap_server
