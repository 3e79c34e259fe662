// Aead: AES-256-GCM, which hides octets and tells whether they were changed (RFC 5116 §5.1); keys derived
// from a secret (HKDF-SHA-256, RFC 5869); random octets. The one place where anything is sealed (OpenSSL).
//
//   crypto::Aead aead(key);   aead.seal(nonce, "what it is", text);   aead.open(nonce, "what it is", sealed);
//
// A nonce must never come twice under one key. What is associated is authenticated, not hidden and not kept:
// who opens must know it. One thread at a time. OpenSSL wipes its copy of the key when this ends.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_cipher_ctx_st;

namespace heliopost::crypto {

inline constexpr std::size_t aead_key_octets = 32, aead_nonce_octets = 12, aead_tag_octets = 16;

class Aead {
public:
    explicit Aead(std::string_view key);

    // The text hidden, and a tag of aead_tag_octets behind it.
    std::string seal(std::string_view nonce, std::string_view associated, std::string_view text);
    // Fails with Fault::internal where an octet is not what was sealed.
    Result<std::string> open(std::string_view nonce, std::string_view associated, std::string_view sealed);

private:
    void start(std::string_view nonce, std::string_view associated, int sealing);

    struct Free {
        void operator()(evp_cipher_ctx_st* context) const;
    };
    std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

// Keys for different purposes, of which none says anything of the secret or of another.
void derive_key(std::string_view secret, std::string_view salt, std::string_view purpose,
                std::span<unsigned char> into);

// For keys and nonces.
std::string random_octets(std::size_t count);

}  // namespace heliopost::crypto
