#include "directory/remembered_passwords.h"

#include <algorithm>

#include "proto/sasl/scram.h"
#include "store/tuple.h"

namespace heliopost::directory {

// The table is asked by the digest itself, so that nothing here compares a password: who could make a
// digest that is in it has the key, or the password.
Digest RememberedPasswords::digest_of(const Account& account, std::string_view password) const {
    store::Tuple text;
    text.u64(account.id.value).text(account.password_hash).octets(password);
    const std::string mac = sasl::hmac(sasl::ScramHash::sha256, secret_.view(), text.str());
    Digest digest{};
    std::copy_n(mac.begin(), digest.size(), digest.begin());
    return digest;
}

bool RememberedPasswords::knows(const Account& account, std::string_view password, Instant now) {
    const Digest digest = digest_of(account, password);
    const std::lock_guard lock(mutex_);
    const Instant* until = until_.find(digest);
    return until != nullptr && now < *until;
}

void RememberedPasswords::remember(const Account& account, std::string_view password, Instant now) {
    const Digest digest = digest_of(account, password);
    const std::lock_guard lock(mutex_);
    until_.touch(digest) = now + login_remembered;
}

}  // namespace heliopost::directory
