// Notifications to a sender: a new message with the null reverse-path, made ready for somebody else's commit.
//
// The caller has composed the message (proto/dsn) and commits it together with what it tells of, so that a
// recipient is never failed without its DSN nor told of twice (queue::Also).
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "delivery/receive.h"
#include "directory/directory.h"
#include "net/task.h"
#include "proto/smtp/address.h"
#include "queue/queue.h"

namespace heliopost::delivery {

inline constexpr std::size_t notification_octets_max = 4 * 1024 * 1024;  // far above what dsn::compose gives

struct Notification {
    queue::Also also;         // empty: nobody is there to be told
    std::size_t filings = 0;  // local mailboxes
    std::size_t relays = 0;   // remote addresses, queued under id
};

// id: Queue::next_id, so that the message can name it. to: the reverse-path of the original, never null; a
// local one is filed into its mailboxes, others are queued. Fails as the store and the directory do,
// and with Fault::syntax where no mail can ever go to that path.
net::Task<Result<Notification>> make_notification(Delivering* with, directory::Directory* directory,
                                                  QueueId id, smtp::Address to, std::string message);

}  // namespace heliopost::delivery
