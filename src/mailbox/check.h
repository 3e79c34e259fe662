// check(): walks every record of one account and says what is wrong. For `heliopost fsck`.
//
// Reads only, and expects that nobody changes the account meanwhile: a change shows as a problem. Holds
// some 50 octets a message in memory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/task.h"
#include "store/check.h"
#include "store/store.h"

namespace heliopost::mailbox {

inline constexpr std::size_t problems_max = 1'000;  // an account; then one line says that there are more

// Empty: all is well. Every record decodes; every message of a mailbox has its Email and its place in the
// index, and the other way round; every Email has its blob, which knows of it; counters say what is
// counted; no number is above its counter; the mailboxes that every account has are there. Where a
// problem is says mailbox and UID where they are known, not the account. Fails only where the store does.
//
// damaged: blobs that the store's walk could not read; messages that need one are problems, and the blob
// is marked told. May be null.
// With Mending::yes counters are set to what is counted, and blobs told of who needs them.
net::Task<Result<std::vector<store::Problem>>> check(store::Store* store, AccountId account,
                                                     store::DamagedBlobs* damaged = nullptr,
                                                     store::Mending mending = store::Mending::no);

// One row by itself: a key of no kind, or the value of a kind that check() does not read. Gives what is
// wrong.
std::optional<std::string> check_row(std::string_view key, std::string_view value);
bool is_membership(std::string_view key);  // a row for each message of each mailbox: for a progress bar

// Is email of the account kept, in this blob? Asked for each reference of a blob.
net::Task<Result<bool>> keeps(store::Store* store, AccountId account, EmailId email, store::BlobId blob);

}  // namespace heliopost::mailbox
