// ENVELOPE, BODY and BODYSTRUCTURE of FETCH, from the values that proto/mime made of a message.
//
// Header values go out raw, as RFC 9051 §7.5.2 asks; those with 8-bit octets as rev2 quoted strings where
// they are UTF-8, else as literals. What lies deeper than structure_depth_max is written as one opaque part.
#pragma once

#include <cstddef>
#include <string>

#include "proto/imap/mailbox_name.h"
#include "proto/mime/envelope.h"
#include "proto/mime/envelope_view.h"
#include "proto/mime/part.h"

namespace heliopost::imap {

void append_envelope(std::string& out, const mime::Envelope& envelope, Revision revision);
void append_envelope(std::string& out, const mime::EnvelopeView& envelope, Revision revision);

// How far an envelope has been written.
struct EnvelopePlace {
    std::size_t field = 0;
    std::size_t address = 0;  // of the field
    bool operator==(const EnvelopePlace&) const = default;
};

// Goes on from the place until the whole text has text_octets or more: past it by no more than a string. True
// when that was all of the envelope. So a long one is written out in pieces; the place has moved.
bool append_envelope(std::string& out, const mime::Envelope& envelope, Revision revision,
                     EnvelopePlace& place, std::size_t text_octets);
bool append_envelope(std::string& out, const mime::EnvelopeView& envelope, Revision revision,
                     EnvelopePlace& place, std::size_t text_octets);

enum class StructureForm : std::uint8_t { body, body_structure };  // without and with extension fields

void append_structure(std::string& out, const mime::Structure& structure, StructureForm form,
                      Revision revision);

}  // namespace heliopost::imap
