// Repair: makes the directory whole again from what of it can be read, for `heliopost fsck --repair`.
//
//   - a row that cannot be read is handed to KeepRows first, then it goes; an alias loses the targets that
//     are no addresses
//   - a domain that has addresses and no record gets one, without a catch-all
//   - ids and the revision are raised above all that is there; a new secret is made where it was lost
//   - mail that the directory does not know gets an account, "lost-NUMBER@DOMAIN", disabled and without a
//     password: whose it was is for an administrator to say, never to be guessed
//   - an account that is listed as removed, and is there, is not removed
//
// Two accounts with one id stay a problem. Nobody else uses the store meanwhile. It may be cut short at any
// time and run again.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "base/result.h"
#include "net/task.h"
#include "net/world.h"
#include "store/check.h"
#include "store/store.h"

namespace heliopost::directory {

// with_mail: the numbers of all accounts that have rows in the store. What was done, as mended problems.
net::Task<Result<std::vector<store::Problem>>> repair(store::Store* store, net::World* world,
                                                      std::set<std::uint64_t> with_mail,
                                                      store::KeepRows keep);

}  // namespace heliopost::directory
