#include "net/key_memory.h"

#include <doctest/doctest.h>
#include <openssl/crypto.h>

#include <vector>

namespace heliopost::net {

TEST_CASE("key memory: keys lie in it, and past key_memory_octets_max there is none, which is no crash") {
    if (CRYPTO_secure_malloc_initialized() == 0) lock_key_memory();
    REQUIRE(CRYPTO_secure_malloc_initialized() == 1);
    constexpr std::size_t piece = 64 * 1024;
    std::vector<void*> taken;
    for (void* one = OPENSSL_secure_malloc(piece); one != nullptr; one = OPENSSL_secure_malloc(piece)) {
        CHECK(CRYPTO_secure_allocated(one) == 1);
        taken.push_back(one);
        REQUIRE(taken.size() <= key_memory_octets_max / piece);
    }
    CHECK(taken.size() > key_memory_octets_max / piece / 2);
    for (void* one : taken) OPENSSL_secure_clear_free(one, piece);
}

}  // namespace heliopost::net
