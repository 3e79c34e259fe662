// restore.mailbox, restore.present, restore.message: mail out of a backup, into a store that is in use.
//
//   restore.mailbox   account, mailbox                    made where it is not there, and subscribed to
//   restore.present   account, mailbox, after             a row for each message above that UID: the SHA-256
//   of
//                                                         its octets as they came; in pages
//   restore.message   account, mailbox, flags, received, prefix, octets
//
// Behind the line of restore.message come the message's octets, as many as its field says. Quota is counted
// and does not stop it: what was there once is not refused.
#pragma once

#include <string>

#include "base/result.h"
#include "net/task.h"
#include "server/admin/operations.h"

namespace heliopost::admin {

inline constexpr std::uint64_t restored_octets_max = std::uint64_t{1} << 30;  // of one message

// Where a message's octets come from. Ends with an empty piece.
class OctetSource {
public:
    virtual ~OctetSource() = default;
    virtual net::Task<Result<std::string>> next() = 0;
};

// How many octets follow the line of this request; Fault::syntax, Fault::too_large.
Result<std::uint64_t> octets_behind(const Request& request);

// octets: null where none follow.
net::Task<Result<Answer>> run_restore(Administered* of, Request request, OctetSource* octets);

}  // namespace heliopost::admin
