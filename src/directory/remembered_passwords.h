// RememberedPasswords: verified passwords for login_remembered, as a keyed digest and nothing more.
//
// The digest binds account, password and the stored hash, so that a changed password is forgotten at once.
// Safe on any thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/time.h"
#include "directory/bounded_table.h"
#include "directory/login.h"

namespace heliopost::directory {

class RememberedPasswords {
public:
    explicit RememberedPasswords(std::string secret, std::size_t entries_max = logins_remembered_max)
        : secret_(Secret::take(secret)), until_(entries_max) {}

    bool knows(const Account& account, std::string_view password, Instant now);
    void remember(const Account& account, std::string_view password, Instant now);

private:
    Digest digest_of(const Account& account, std::string_view password) const;

    Secret secret_;
    std::mutex mutex_;
    BoundedTable<Instant> until_;
};

}  // namespace heliopost::directory
