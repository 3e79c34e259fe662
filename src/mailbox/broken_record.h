// What every decoder of records answers to octets that it cannot read. Internal to mailbox/.
#pragma once

#include <string>

#include "base/result.h"

namespace heliopost::mailbox {

// WHAT: "a message", "the mailbox's changes".
inline std::unexpected<Error> broken_record(const std::string& what) {
    return fail(Fault::internal, "a record of " + what + " is broken");
}

}  // namespace heliopost::mailbox
