#include "proto/sasl/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assert.h"

namespace heliopost::sasl {
namespace {

const EVP_MD* digest_of(ScramHash hash) {
    return hash == ScramHash::sha1 ? EVP_sha1() : EVP_sha256();
}

const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* octets(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

std::string exclusive_or(std::string_view a, std::string_view b) {
    ASSERT(a.size() == b.size());
    std::string out(a);
    for (size_t n = 0; n < out.size(); ++n) out[n] = static_cast<char>(out[n] ^ b[n]);
    return out;
}

}  // namespace

std::string hash_of(ScramHash hash, std::string_view text) {
    std::string out(static_cast<size_t>(EVP_MD_get_size(digest_of(hash))), '\0');
    ASSERT(EVP_Digest(text.data(), text.size(), octets(out), nullptr, digest_of(hash), nullptr) == 1);
    return out;
}

std::string hmac(ScramHash hash, std::string_view key, std::string_view text) {
    std::string out(static_cast<size_t>(EVP_MD_get_size(digest_of(hash))), '\0');
    unsigned octets_out = 0;
    ASSERT(HMAC(digest_of(hash), key.data(), static_cast<int>(key.size()), octets(text), text.size(),
                octets(out), &octets_out) != nullptr);
    ASSERT(octets_out == out.size());
    return out;
}

// Hi() of RFC 5802 §2.2 is PBKDF2 with HMAC.
std::string salted_password(ScramHash hash, std::string_view prepared_password, std::string_view salt,
                            std::uint32_t iterations) {
    std::string out(static_cast<size_t>(EVP_MD_get_size(digest_of(hash))), '\0');
    ASSERT(PKCS5_PBKDF2_HMAC(prepared_password.data(), static_cast<int>(prepared_password.size()),
                             octets(salt), static_cast<int>(salt.size()), static_cast<int>(iterations),
                             digest_of(hash), static_cast<int>(out.size()), octets(out)) == 1);
    return out;
}

ScramKeys derive_scram_keys(std::string_view prepared_password, std::string_view salt,
                            std::uint32_t iterations, ScramHash hash) {
    ASSERT(iterations > 0);
    const std::string salted = salted_password(hash, prepared_password, salt, iterations);
    return {std::string(salt), iterations, hash_of(hash, hmac(hash, salted, "Client Key")),
            hmac(hash, salted, "Server Key")};
}

ScramKeys fake_scram_keys(std::string_view secret, std::string_view name, std::uint32_t iterations) {
    const auto derive = [&](char what) {
        return hmac(ScramHash::sha256, secret, std::string("scram ") + what + ' ' + std::string(name));
    };
    return {derive('t').substr(0, scram_salt_octets), iterations, derive('c'), derive('s')};
}

bool matches(const ScramKeys& keys, std::string_view prepared_password) {
    return equal_in_constant_time(derive_scram_keys(prepared_password, keys.salt, keys.iterations).stored_key,
                                  keys.stored_key);
}

// ClientProof = ClientKey XOR HMAC(StoredKey, AuthMessage)
std::string client_proof(ScramHash hash, std::string_view salted, std::string_view auth_message) {
    const std::string client_key = hmac(hash, salted, "Client Key");
    return exclusive_or(client_key, hmac(hash, hash_of(hash, client_key), auth_message));
}

bool proof_is_right(ScramHash hash, std::string_view stored_key, std::string_view auth_message,
                    std::string_view proof) {
    const std::string signature = hmac(hash, stored_key, auth_message);
    if (proof.size() != signature.size()) return false;
    return equal_in_constant_time(hash_of(hash, exclusive_or(proof, signature)), stored_key);
}

std::string server_signature(ScramHash hash, std::string_view server_key, std::string_view auth_message) {
    return hmac(hash, server_key, auth_message);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace heliopost::sasl
