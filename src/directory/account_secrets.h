// AccountSecrets: what an account keeps of a password. Internal to directory/.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "directory/directory.h"
#include "directory/password.h"
#include "proto/sasl/scram.h"

namespace heliopost::directory {

inline constexpr std::size_t password_salt_octets = 16;  // RFC 9106 §3.1

struct AccountSecrets {
    std::string hash;
    sasl::ScramKeys scram;
};

// SASLprep. Fault::too_large past password_octets_max, Fault::syntax for what no password may have.
Result<std::string> prepare_password(std::string_view password);

// Costs tens of milliseconds: on the pool.
AccountSecrets derive_secrets(std::string_view prepared, std::string_view hash_salt,
                              std::string_view scram_salt);

void keep(Account& account, const AccountSecrets& secrets, bool scram);

}  // namespace heliopost::directory
