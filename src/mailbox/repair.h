// Repair: makes an account whole again from what of it can be read. For `heliopost fsck --repair`, before
// check().
//
// Nothing is taken away that cannot be explained:
//
//   - a row that cannot be read is handed to KeepRows first, then it goes, and what follows from others is
//   made anew
//   - a message of which no mailbox knows comes to "lost+found", or "lost+found/NAME" where its mailbox is
//   told
//   - messages whose mailbox has no record get one: under its own name if every account has it, else
//     "lost+found/mailbox NUMBER"
//   - the index (membership and shared rows) follows the mailboxes' rows and the emails' records
//   - a message whose record cannot be read, and whose blob can, comes again under a new UID, with its flags,
//     without the trace fields that the record had
//   - numbers that were given out and are above their counter raise it; then nobody knows which others were,
//   and
//     every mailbox gets a greater UIDVALIDITY (renew.h)
//
// A message whose blob cannot be read stays where it is: its envelope and structure are there. A flag whose
// row is gone is gone. Nobody else uses the account meanwhile. Holds some 100 octets a message in memory; it
// may be cut short at any time and run again.
#pragma once

#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "net/task.h"
#include "net/world.h"
#include "store/check.h"
#include "store/store.h"

namespace heliopost::mailbox {

inline constexpr std::string_view lost_and_found = "lost+found";

using store::KeepRows;
using store::TakenOut;

// What was done, as mended problems. Fails only where the store does, or KeepRows.
net::Task<Result<std::vector<store::Problem>>> repair(store::Store* store, net::World* world,
                                                      AccountId account, KeepRows keep);

// For a reference of a blob by an email that no mailbox keeps: unless the account has the blob in another
// email, its message comes to lost_and_found. Then the reference goes; it stays where the blob cannot be
// read.
enum class Rescued : std::uint8_t { came, was_there, unreadable };
net::Task<Result<Rescued>> rescue(store::Store* store, net::World* world, AccountId account,
                                  store::BlobId blob, EmailId holder);

}  // namespace heliopost::mailbox
