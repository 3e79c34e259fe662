// SearchMessage: one message under a SearchProgram: its envelope, then its header and texts, piece by piece.
//
//   while (!message.envelope_done()) message.look_at_envelope(octets);
//   while (const auto range = message.next_range()) message.feed(octets of the range);
//   message.truth()
//
// What it looks at, in this order, as long as the answer is open: the fields that the envelope holds;
// other header fields (encoded words decoded); for TEXT also the headers of all parts; bodies of text parts
// and of message/* parts that are kept whole (a delivery status), transfer encoding and charset undone. It
// skips over what it need not read. Memory: a piece and a header field, whatever the message.
//
// Markup is text. Bodies that are not text (images) are not looked at. RFC 9051 §6.4.4.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailbox/email.h"
#include "proto/mime/charset.h"
#include "proto/mime/transfer.h"
#include "server/imap/search_program.h"
#include "server/imap/section_range.h"

namespace heliopost::imap_server {

inline constexpr std::uint64_t search_piece_octets = 256 * 1024;  // read at a time: a blob's chunk
inline constexpr std::uint64_t search_gap_octets = 16 * 1024;     // read over rather than skipped
inline constexpr std::size_t search_field_octets_max = 1U << 20;  // mime::Limits::field_octets

class SearchMessage {
public:
    // The row must outlive it.
    SearchMessage(std::shared_ptr<const SearchProgram> program, const mailbox::Row* row, std::uint32_t number,
                  std::shared_ptr<const mailbox::Email> email);

    Truth truth() const { return program_->evaluate(facts_); }
    std::uint32_t number() const { return facts_.number; }
    const std::shared_ptr<const mailbox::Email>& email() const { return email_; }

    // Goes on for about so many octets times texts, at least for one text; says how many it were.
    std::uint64_t look_at_envelope(std::uint64_t octets);
    bool envelope_done() const { return envelope_done_; }

    // The octets of prefix + blob that it wants next; nothing once the answer is known.
    std::optional<OctetRange> next_range();
    // What stands from next_range()'s begin on. Fewer octets than asked are fine, none end the message.
    void feed(std::string_view octets);

private:
    struct Stretch {
        OctetRange range;
        const mime::Part* part = nullptr;  // of a body; null: a header
        bool root = false;                 // the message's own header
    };
    struct Body {
        mime::TransferDecoder decoder;
        mime::CharsetReader charset;
        TextFinder finder;
    };

    bool decided() const { return truth() != Truth::unknown; }
    TextSet open_texts(SearchText::Where where) const { return program_->texts_of(where) & ~facts_.known; }
    void know(std::size_t text, bool found);
    void add_found(TextSet found);

    // look_at_envelope()
    void look_at_date(const mime::Envelope& envelope);
    std::optional<std::string> envelope_text(const mime::Envelope& envelope, std::string_view field) const;

    void plan();
    void begin_stretch();
    void take(std::string_view octets);
    void end_stretch();
    void take_header(std::string_view octets);
    void take_fields(std::string_view fields);
    void take_body(Body& body, std::string_view octets, bool last);
    void end_message();

    std::shared_ptr<const SearchProgram> program_;
    std::shared_ptr<const mailbox::Email> email_;
    Facts facts_;
    bool envelope_done_ = false;
    std::size_t envelope_texts_ = 0;  // that the envelope was asked for
    bool planned_ = false;
    bool ended_ = false;
    std::vector<Stretch> stretches_;  // ascending
    std::size_t stretch_ = 0;         // under way or next
    bool in_stretch_ = false;
    std::uint64_t at_ = 0;      // the next octet to read
    std::string header_;        // of a header: fields not yet whole
    std::optional<Body> body_;  // in a stretch that is a body
};

}  // namespace heliopost::imap_server
