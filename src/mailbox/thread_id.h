// The id of a message's thread, found without reading: RFC 8621 §3 asks for one id per thread.
#pragma once

#include <cstdint>

#include "base/id.h"
#include "mailbox/email.h"

namespace heliopost::mailbox {

// A hash of the account and of the first Message-ID in References, else In-Reply-To, else the message's
// own; without any, of the message's octets.
//
// The key is the account's id, no secret: it only makes ids of different accounts incomparable. A secret
// would gain nothing, as whoever wants to join a thread names its Message-ID in References.
std::uint64_t thread_of(AccountId account, const NewEmail& email);

}  // namespace heliopost::mailbox
