// Passwords and what is kept of them: argon2id hashes and SCRAM-SHA-256 keys.
//
// Hashing costs 15-30 ms and 19 MiB: call it on the pool (World::on_pool), never on a loop.
// RFC 9106 (argon2id), RFC 7677 (SCRAM-SHA-256).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "proto/sasl/scram.h"

namespace heliopost::directory {

inline constexpr std::size_t password_octets_max = 1024;
inline constexpr unsigned scram_iterations = 65'536;  // docs/decisions/0004-scram-iterations.md

// "$argon2id$v=19$m=19456,t=2,p=1$salt$hash". salt: 16 random octets.
std::string hash_password(std::string_view password, std::string_view salt);

// In constant time; false for a hash that is none.
bool verify_password(std::string_view password, std::string_view hash);

// A hash that no password has: verified against for unknown users, so that they cost the same.
std::string_view dummy_hash();

// Three words and digits, about 60 bits: what quickstart prints. random: at least 8 random octets.
std::string generate_password(std::string_view random);

}  // namespace heliopost::directory
