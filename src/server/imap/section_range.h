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

}  // namespace heliopost::imap_server
