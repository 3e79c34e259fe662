// What repair() needs to know of single rows. Internal to mailbox/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mailbox/email.h"
#include "net/task.h"
#include "net/world.h"
#include "store/store.h"

namespace heliopost::mailbox {

// Why a row cannot be read; nothing: it can. Not of pieces of emails, which are read together.
std::optional<std::string> unreadable(std::string_view key, const std::string& value);

// A message of which only the blob is left: no prefix, and the time at which the blob began to come.
net::Task<Result<NewEmail>> email_of_blob(store::Store* store, net::World* world, store::BlobId blob);

}  // namespace heliopost::mailbox
