#include "server/imap/section_range.h"

#include <algorithm>

namespace heliopost::imap_server {
namespace {

using Text = imap::Section::Text;

// Offsets of the structure are the blob's; the trace fields stand in front of it and belong to the root's
// header.
OctetRange header_of(const mailbox::Email& email, const mime::Part& part) {
    const std::uint64_t prefix = email.prefix.size();
    const bool root = &part == email.structure->parts.data();
    return {root ? 0 : prefix + part.header_begin, prefix + part.body_begin};
}

OctetRange body_of(const mailbox::Email& email, const mime::Part& part) {
    const std::uint64_t prefix = email.prefix.size();
    return {prefix + part.body_begin, prefix + part.body_end};
}

// HEADER and TEXT of part numbers are those of the message within: only message/rfc822 has them.
const mime::Part* message_within(const mime::Structure& structure, const mime::Part& part) {
    if (part.kind != mime::PartKind::message || part.children.empty()) return nullptr;
    return &structure.parts.at(part.children.front());
}

}  // namespace

std::optional<OctetRange> section_range(const mailbox::Email& email, const imap::Section& section) {
    const mime::Structure& structure = *email.structure;
    const mime::Part* part = structure.parts.data();
    if (section.part.empty() && section.text == Text::whole) return OctetRange{0, email.octets()};
    if (section.part.empty()) {
        if (section.text == Text::text)
            return OctetRange{email.prefix.size() + part->body_begin, email.octets()};
        return header_of(email, *part);
    }
    part = mime::find_part(structure, section.part);
    if (part == nullptr) return std::nullopt;
    if (section.text == Text::whole) return body_of(email, *part);
    if (section.text == Text::mime) return header_of(email, *part);
    const mime::Part* inner = message_within(structure, *part);
    if (inner == nullptr) return std::nullopt;
    return section.text == Text::text ? body_of(email, *inner) : header_of(email, *inner);
}

OctetRange cut(OctetRange range, const std::optional<imap::Partial>& partial) {
    if (!partial) return range;
    const std::uint64_t skip = std::min(partial->offset, range.octets());
    const std::uint64_t count = std::min(partial->octets, range.octets() - skip);
    return {range.begin + skip, range.begin + skip + count};
}

}  // namespace heliopost::imap_server
