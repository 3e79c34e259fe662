// Where the readers of an account see an email: for reports about a blob that is damaged.
#pragma once

#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "net/task.h"
#include "store/store.h"

namespace heliopost::mailbox {

struct Place {
    std::string mailbox;  // its name
    Uid uid;
};
// Empty where no mailbox has it. Reads a few rows; any loop.
net::Task<Result<std::vector<Place>>> places_of(store::Store* store, AccountId account, EmailId email);

}  // namespace heliopost::mailbox
