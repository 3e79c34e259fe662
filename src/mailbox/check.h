// check(): walks every record of one account and says what is wrong. For `heliopost fsck`.
//
// Reads only, and expects that nobody changes the account meanwhile: a change shows as a problem. Holds
// some 40 octets a message in memory.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "net/task.h"
#include "store/store.h"

namespace heliopost::mailbox {

inline constexpr std::size_t problems_max = 1'000;  // an account; then one line says that there are more

// One line a problem; empty: all is well. Every record decodes; every message of a mailbox has its Email
// and its place in the index, and the other way round; every Email has its blob, which knows of it;
// counters say what is counted; no number is above its counter. Fails only where the store does.
net::Task<Result<std::vector<std::string>>> check(store::Store* store, AccountId account);

}  // namespace heliopost::mailbox
