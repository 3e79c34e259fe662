// Where TLS keeps its private keys: in memory of their own, locked against swapping, left out of core dumps,
// between guard pages, and wiped when a key is freed.
#pragma once

#include <cstddef>

namespace heliopost::net {

// Certificates' keys and those of handshakes under way, 32 octets and more each. What no longer fits fails
// its handshake: a connection limit of 20,000 on each of five listeners stays below.
inline constexpr std::size_t key_memory_octets_max = 4 * 1024 * 1024;

// Once, before the first key is read and before there are other threads. False where the memory could not be
// locked (RLIMIT_MEMLOCK): keys lie apart all the same.
bool lock_key_memory();

}  // namespace heliopost::net
