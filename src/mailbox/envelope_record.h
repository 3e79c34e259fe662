// The envelope of a stored message, read where it stands in the message's record.
//
// decode_email() makes a whole Email, some forty values; who wants the envelopes of a whole mailbox wants
// nothing else of it. Internal to mailbox/.
#pragma once

#include <string_view>

#include "base/result.h"
#include "proto/mime/envelope_view.h"

namespace heliopost::mailbox {

// All pieces joined; `out` shows into them. Fails with Fault::internal.
Result<> read_envelope(std::string_view record, mime::EnvelopeView& out);

}  // namespace heliopost::mailbox
