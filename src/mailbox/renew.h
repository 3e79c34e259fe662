// renew(): what a whole restore does to an account before anybody reads it: promise 4.
//
// A restored account is what it was; its clients may have seen what came later. So every mailbox gets a
// UIDVALIDITY above all that were given out before or since, which makes clients forget what they know, and
// ids of emails and mailboxes go on far above those that were given out since. RFC 9051 §2.3.1.1.
#pragma once

#include "base/id.h"
#include "base/result.h"
#include "net/task.h"
#include "store/store.h"

namespace heliopost::mailbox {

// Nobody else uses the account, and no Account of it was opened before.
net::Task<Result<void>> renew(store::Store* store, AccountId account, Time now);

}  // namespace heliopost::mailbox
