#include "directory/account_secrets.h"

#include "proto/sasl/mechanism.h"

namespace heliopost::directory {

Result<std::string> prepare_password(std::string_view password) {
    if (password.size() > password_octets_max) return fail(Fault::too_large, "password too long");
    auto prepared = sasl::prepare(password);
    if (!prepared) return fail(Fault::syntax, "the password is empty or has characters that none may have");
    if (prepared->size() > password_octets_max) return fail(Fault::too_large, "password too long");
    return prepared;
}

AccountSecrets derive_secrets(std::string_view prepared, std::string_view hash_salt,
                              std::string_view scram_salt) {
    return {hash_password(prepared, hash_salt),
            sasl::derive_scram_keys(prepared, scram_salt, scram_iterations)};
}

void keep(Account& account, const AccountSecrets& secrets, bool scram) {
    account.password_hash = secrets.hash;
    account.scram_salt = scram ? secrets.scram.salt : "";
    account.scram_stored_key = scram ? secrets.scram.stored_key : "";
    account.scram_server_key = scram ? secrets.scram.server_key : "";
    account.scram_iterations = scram ? secrets.scram.iterations : 0;
}

}  // namespace heliopost::directory
