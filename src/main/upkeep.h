// Upkeep: what a server does now and then, as tasks that run until they are stopped.
//
// Each looks after one thing, and a round that fails is logged and tried again at the next. All pointers
// outlive the task.
#pragma once

#include <chrono>

#include "directory/directory.h"
#include "mailbox/account.h"
#include "net/event.h"
#include "net/task.h"
#include "net/world.h"
#include "queue/queue.h"
#include "signing/keys.h"
#include "store/blob.h"

namespace heliopost {

inline constexpr std::chrono::minutes rescan_interval{5};
inline constexpr std::chrono::minutes rescan_back{15};     // of entries: three rounds see each
inline constexpr std::chrono::minutes sweep_interval{60};  // half of it to one and a half, at random
inline constexpr std::size_t sweep_blobs_a_step = 1'000;
inline constexpr std::chrono::seconds sweep_pause{1};  // between steps: readers come first
inline constexpr std::chrono::minutes erase_interval{60};
inline constexpr std::chrono::hours late_mail_max{24};  // how long a session may know an account that is gone

// Queue::rescan at the start and every rescan_interval.
net::Task<void> rescan_queue(net::World* world, queue::Queue* queue);

// BlobStore::sweep, all blobs in a round. A line in the log where one freed something.
net::Task<void> sweep_blobs(net::World* world, store::BlobStore* blobs);

// Accounts::erase for what stands in Directory::removed_accounts(): at the start, whenever `removed` is set,
// and every erase_interval. An account removed while the server runs is erased at once, but stays in the list
// until late_mail_max later (or the next start), when what sessions that had known it filed meanwhile is
// erased too.
net::Task<void> erase_removed(net::World* world, directory::Directory* directory, mailbox::Accounts* accounts,
                              net::Event* removed);

// signing::Caretaker: a round at the start and every look_interval.
net::Task<void> look_after_keys(net::World* world, signing::Keys* keys, directory::Directory* directory);

}  // namespace heliopost
