// Snapshot: the whole directory at one moment, immutable, and what an address resolves to in it.
//
// Pure: no store, no clock. A copy is cheap and independent. Internal to directory/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"
#include "directory/directory.h"
#include "directory/names.h"
#include "directory/persistent_map.h"
#include "directory/records.h"

namespace heliopost::directory {

struct HostedDomain {
    Domain domain;
    Name first_account;     // where postmaster and abuse go; no local part: it has no account
    std::size_t names = 0;  // accounts and aliases
};

struct Snapshot {
    Meta meta;
    std::optional<std::string> meta_row;  // as stored, for assert_equal
    PersistentMap<HostedDomain> domains;  // by name
    PersistentMap<NameRecord> names;      // by Name::key()
    PersistentMap<Name> by_account;       // by account_index()
    std::string first_domain;             // the one with the smallest id; empty: none

    const Account* account(std::string_view key) const;
    const Account* account(AccountId id) const;
};

std::string account_index(AccountId id);

// Which names may stand in for one that is neither an account nor an alias.
enum class Fallback : std::uint8_t {
    none,  // the name itself or its subaddress form: what an account may send as
    all,   // postmaster and abuse, then the catch-all: what mail is accepted for
};

// local_part unquoted, domain as sent, "" for a bare local part. Fails with Fault::temporary where aliases
// nest deeper or reach further than the limits of directory.h; a loop alone ends by itself.
Result<Resolution> resolve(const Snapshot& snapshot, std::string_view local_part, std::string_view domain,
                           Fallback fallback);

}  // namespace heliopost::directory
