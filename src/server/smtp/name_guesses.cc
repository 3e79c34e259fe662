#include "server/smtp/name_guesses.h"

#include <algorithm>

namespace heliopost::smtp_server {

std::uint32_t NameGuesses::add(const net::IpAddress& client, Instant now) {
    const directory::Digest key = directory::digest_of(secret_, "guesses", net::limit_key(client));
    const std::lock_guard lock(mutex_);
    Guesses& guesses = table_.touch(key);
    const auto forgotten = static_cast<std::uint64_t>((now - guesses.last) / guess_forgotten);
    guesses.count -= static_cast<std::uint32_t>(std::min<std::uint64_t>(forgotten, guesses.count));
    guesses.count = std::min(guesses.count + 1, guesses_counted_max);
    guesses.last = now;
    return guesses.count;
}

}  // namespace heliopost::smtp_server
