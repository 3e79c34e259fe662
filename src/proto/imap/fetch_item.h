// FetchItem: one thing that FETCH asks of each message.
//
// The macros ALL, FAST and FULL are expanded by the parser. RFC 9051 §6.4.5; RFC 3501 §6.4.5 (RFC822,
// RFC822.HEADER, RFC822.TEXT); MODSEQ: RFC 7162 §3.1.5.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/cursor.h"
#include "base/result.h"

namespace heliopost::imap {

// section = "[" [section-spec] "]"; of BINARY only the part numbers.
struct Section {
    enum class Text : std::uint8_t { whole, header, header_fields, header_fields_not, text, mime };

    std::vector<std::uint32_t> part;  // 1.2.3; empty: the message itself
    Text text = Text::whole;
    std::vector<std::string> fields;  // of header_fields and header_fields_not, as sent
    bool operator==(const Section&) const = default;
};

struct Partial {  // <0.2048>; the answer carries the offset only
    std::uint64_t offset = 0;
    std::uint64_t octets = 0;  // never 0
    bool operator==(const Partial&) const = default;
};

struct FetchItem {
    enum class Kind : std::uint8_t {
        flags,
        uid,
        mod_sequence,
        internal_date,
        rfc822_size,
        rfc822,
        rfc822_header,
        rfc822_text,
        envelope,
        body,            // BODY: the structure without extensions
        body_structure,  // BODYSTRUCTURE
        section,         // BODY[...], BODY.PEEK[...]
        binary,          // BINARY[...], BINARY.PEEK[...]
        binary_size,     // BINARY.SIZE[...]
    };

    Kind kind{};
    bool peek = false;  // .PEEK, of section and binary
    Section section{};  // of section, binary, binary_size
    std::optional<Partial> partial{};
    bool operator==(const FetchItem&) const = default;

    // Fetching it sets \Seen in a mailbox opened for writing.
    bool sets_seen() const;
};

// macro / fetch-att / "(" fetch-att *(SP fetch-att) ")"
[[nodiscard]] Result<std::vector<FetchItem>> parse_fetch_items(Cursor& in);

// The name as in the answer: "BODY[1.HEADER.FIELDS (From)]<0>", "BINARY.SIZE[2]", "FLAGS".
void append_item_name(std::string& out, const FetchItem& item);
// As in the command: with .PEEK and the whole partial.
void append_item_request(std::string& out, const FetchItem& item);

}  // namespace heliopost::imap
