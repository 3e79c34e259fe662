#include "net/key_memory.h"

#include <openssl/crypto.h>

namespace heliopost::net {

bool lock_key_memory() {
    constexpr std::size_t smallest_octets = 32;
    return CRYPTO_secure_malloc_init(key_memory_octets_max, smallest_octets) == 1;
}

}  // namespace heliopost::net
