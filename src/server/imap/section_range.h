// Where the text of a FETCH section stands in a message: RFC 9051 §6.4.5.1. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "mailbox/email.h"
#include "proto/imap/fetch_item.h"

namespace heliopost::imap_server {

// Octets [begin, end) of prefix + blob.
struct OctetRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t octets() const { return end - begin; }
    bool operator==(const OctetRange&) const = default;
};

// Nothing where the message has no such part. For HEADER.FIELDS it is the header they are taken from.
std::optional<OctetRange> section_range(const mailbox::Email& email, const imap::Section& section);

// The part of a range that <offset.octets> asks for; empty past its end.
OctetRange cut(OctetRange range, const std::optional<imap::Partial>& partial);

// HEADER.FIELDS and HEADER.FIELDS.NOT: the fields of the header that are wanted, as they stand there, and
// the empty line.
std::string filter_header(std::string_view header, const imap::Section& section);

}  // namespace heliopost::imap_server
