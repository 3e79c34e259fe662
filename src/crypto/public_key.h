// PublicKey: what verifies a signature over a SHA-256 hash; PrivateKey: what makes one. RSA and Ed25519
// (OpenSSL).
//
// RSA is RSASSA-PKCS1-v1_5 (RFC 8017 §8.2), of 1024 to 4096 bits (RFC 8301 §3.2). Ed25519 signs the 32 octets
// of the hash (RFC 8463 §3).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;

namespace heliopost::crypto {

inline constexpr unsigned rsa_bits_min = 1024;
inline constexpr unsigned rsa_bits_max = 4096;

struct FreeKey {
    void operator()(evp_pkey_st* key) const;
};
using KeyPointer = std::unique_ptr<evp_pkey_st, FreeKey>;

class PublicKey {
public:
    // DER: SubjectPublicKeyInfo, or the RSAPublicKey in it, which some publish. Fails with the reason.
    static Result<PublicKey> rsa(std::string_view octets);
    static Result<PublicKey> ed25519(std::string_view octets);  // 32 octets

    unsigned bits() const;
    bool verifies(std::string_view sha256, std::string_view signature) const;

private:
    explicit PublicKey(KeyPointer key) : key_(std::move(key)) {}
    KeyPointer key_;
};

class PrivateKey {
public:
    static Result<PrivateKey> make_rsa(unsigned bits);
    static Result<PrivateKey> make_ed25519();
    static Result<PrivateKey> from_pem(std::string_view text);  // PKCS#8 or PKCS#1, without a password

    bool is_rsa() const;
    std::string to_pem() const;  // PKCS#8
    // As a key record's p= has it, before base64: SubjectPublicKeyInfo, or the 32 octets of Ed25519.
    std::string public_octets() const;
    std::string sign(std::string_view sha256) const;

private:
    explicit PrivateKey(KeyPointer key) : key_(std::move(key)) {}
    KeyPointer key_;
};

}  // namespace heliopost::crypto
