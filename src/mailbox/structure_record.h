// mime::Structure as a record, and back. What most messages say (text/plain, base64, charset) is a number.
//
// A record that is read is checked: a tree whose children follow their parents, ranges within the
// message, no deeper than structure_depth_max; else Fault::internal.
#pragma once

#include "base/result.h"
#include "proto/mime/part.h"

namespace heliopost::mailbox {

namespace record {
class Structure;
}

inline constexpr std::size_t structure_depth_max = 150;  // above mime::Limits::nesting

void write_structure(record::Structure& out, const mime::Structure& structure);
Result<mime::Structure> read_structure(const record::Structure& in);

// What is kept of a structure that is too large to keep (email_record.h): the root as octets, and its
// envelope's ids, subject and date, cut. The message itself stays whole.
mime::Structure reduced(const mime::Structure& structure);

}  // namespace heliopost::mailbox
