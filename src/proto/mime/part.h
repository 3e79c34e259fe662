// Structure: where everything stands in one message. Plain values, so that it can be kept as a record
// beside the message and every BODY[...] answered by a range, without parsing again.
//
//   octets of the message:  header_begin ... body_begin ... body_end
//                           |-- header --|-- body ---------|
//
// A header range includes the empty line that ends it. A body ends before the line end that belongs to the
// next boundary (RFC 2046 §5.1.1); only a header that ends there keeps its own line end. A part's ranges lie
// within its parent's body.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/mime/envelope.h"
#include "proto/mime/parameter.h"

namespace heliopost::mime {

enum class PartKind : std::uint8_t {
    leaf,       // no children
    multipart,  // one child or more
    message,    // message/rfc822 or message/global: one child, the message inside, which has an envelope;
                // BODY[n.HEADER] and BODY[n.TEXT] are the child's header and body
};

struct Part {
    PartKind kind = PartKind::leaf;
    std::uint64_t header_begin = 0;
    std::uint64_t body_begin = 0;
    std::uint64_t body_end = 0;
    std::uint64_t lines = 0;  // line ends within the body

    // What the part is: the Content-Type, or its default (text/plain; message/rfc822 in a digest), as sent.
    // A composite type that could not be read as one is shown as what its octets are: text/plain for
    // a multipart without boundary or without any part, application/octet-stream for a message in base64 and
    // for what lies past a limit.
    ContentType type;
    Disposition disposition;
    std::string encoding;  // as sent; empty where absent: 7bit
    std::optional<std::string> id;
    std::optional<std::string> description;
    std::optional<std::string> md5;
    std::optional<std::string> location;
    std::vector<std::string> language;

    std::optional<std::uint32_t> envelope;  // into Structure::envelopes: the root and each message's child
    std::vector<std::uint32_t> children;    // into Structure::parts, in order

    std::uint64_t header_octets() const { return body_begin - header_begin; }
    std::uint64_t octets() const { return body_end - body_begin; }
    bool is(std::string_view type_name, std::string_view subtype_name) const;  // any case
    bool is_type(std::string_view type_name) const;

    bool operator==(const Part&) const = default;
};

struct Structure {
    std::vector<Part> parts;  // [0] is the message; a child stands after its parent
    std::vector<Envelope> envelopes;
    std::uint64_t octets = 0;       // of the whole message
    std::uint64_t lines = 0;        // line ends in the whole message
    bool eight_bit_header = false;  // some header has octets above 127: needs SMTPUTF8 (RFC 6532)
    bool eight_bit_body = false;    // some body has: needs 8BITMIME (RFC 6152)
    bool nul = false;               // has a NUL octet: no IMAP literal without "~" (RFC 9051 §4.3.1)
    bool over_limit = false;        // something was left out or cut

    bool operator==(const Structure&) const = default;
};

// The part that IMAP's BODY[1.2.3] means: from the root, or from the message that `path` is read in.
// 1 of a message that is not multipart is the message itself. Null where there is none.
// RFC 9051 §6.4.5.1.
const Part* find_part(const Structure& structure, std::span<const std::uint32_t> path);

// The name an attachment is saved under, as UTF-8: the disposition's filename, else the type's name.
std::optional<std::string> file_name(const Part& part);

// Which parts are shown as the body and which are listed as attachments: indexes into
// Structure::parts. RFC 8621 §4.1.4.
struct BodyParts {
    std::vector<std::uint32_t> text;
    std::vector<std::uint32_t> html;
    std::vector<std::uint32_t> attachments;

    bool operator==(const BodyParts&) const = default;
};
BodyParts body_parts(const Structure& structure, std::uint32_t root = 0);

}  // namespace heliopost::mime
