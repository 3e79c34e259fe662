// The DSN that tells a sender what became of some recipients, ready for the commit that records it.
//
// It holds the original's header, never its body, so that an unsolicited bounce carries nothing of use to a
// spammer; of a message that an alias sent on only the fields that name it. RFC 3461 §6, RFC 3464, RFC 5321
// §6.1.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "delivery/receive.h"
#include "directory/directory.h"
#include "net/task.h"
#include "proto/dsn/report.h"
#include "queue/entry.h"
#include "queue/queue.h"

namespace heliopost::transport {

// recipients: at least one. The entry's reverse-path is not null. Fails as the store and the directory do.
net::Task<Result<queue::Also>> make_bounce(delivery::Delivering* with, directory::Directory* directory,
                                           std::shared_ptr<const queue::Entry> entry,
                                           std::vector<dsn::Recipient> recipients);

}  // namespace heliopost::transport
