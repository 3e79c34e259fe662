#include "crypto/public_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/assert.h"

namespace heliopost::crypto {
namespace {

constexpr size_t key_octets_max = 4096;  // RSA-4096 takes 550
constexpr size_t ed25519_octets = 32;    // RFC 8032 §5.1.5

struct FreeContext {
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;
using Bio = std::unique_ptr<BIO, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

bool is_ed25519(const EVP_PKEY* key) {
    return EVP_PKEY_get_id(key) == EVP_PKEY_ED25519;
}

// RSASSA-PKCS1-v1_5 over a hash; `begin` is EVP_PKEY_sign_init or EVP_PKEY_verify_init.
PkeyContext rsa_context(EVP_PKEY* key, int (*begin)(EVP_PKEY_CTX*)) {
    PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    ASSERT(context != nullptr && begin(context.get()) == 1);
    ASSERT(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1);
    ASSERT(EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1);
    return context;
}

Result<KeyPointer> checked_rsa(KeyPointer key) {
    ERR_clear_error();
    if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
        return fail(Fault::syntax, "the key is no RSA key");
    const auto bits = static_cast<unsigned>(EVP_PKEY_get_bits(key.get()));
    if (bits < rsa_bits_min || bits > rsa_bits_max)
        return fail(Fault::denied, "the RSA key has " + std::to_string(bits) + " bits");
    return key;
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const {
    EVP_PKEY_free(key);
}

Result<PublicKey> PublicKey::rsa(std::string_view octets) {
    if (octets.size() > key_octets_max) return fail(Fault::too_large, "the key is too long");
    const unsigned char* at = bytes_of(octets);
    KeyPointer key(d2i_PUBKEY(nullptr, &at, static_cast<long>(octets.size())));
    at = bytes_of(octets);
    if (key == nullptr)
        key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(octets.size())));
    return PublicKey(TRY(checked_rsa(std::move(key))));
}

Result<PublicKey> PublicKey::ed25519(std::string_view octets) {
    KeyPointer key;
    if (octets.size() == ed25519_octets)
        key.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(octets), octets.size()));
    if (key == nullptr) return fail(Fault::syntax, "the key is no Ed25519 key");
    return PublicKey(std::move(key));
}

unsigned PublicKey::bits() const {
    return static_cast<unsigned>(EVP_PKEY_get_bits(key_.get()));
}

bool PublicKey::verifies(std::string_view sha256, std::string_view signature) const {
    bool good = false;
    if (is_ed25519(key_.get())) {
        const DigestContext context(EVP_MD_CTX_new());
        ASSERT(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
        good = EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(sha256),
                                sha256.size()) == 1;
    } else {
        const PkeyContext context = rsa_context(key_.get(), EVP_PKEY_verify_init);
        good = EVP_PKEY_verify(context.get(), bytes_of(signature), signature.size(), bytes_of(sha256),
                               sha256.size()) == 1;
    }
    if (!good) ERR_clear_error();
    return good;
}

Result<PrivateKey> PrivateKey::make_rsa(unsigned bits) {
    return PrivateKey(TRY(checked_rsa(KeyPointer(EVP_RSA_gen(bits)))));
}

Result<PrivateKey> PrivateKey::make_ed25519() {
    KeyPointer key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    if (key == nullptr) return fail(Fault::temporary, "no Ed25519 key could be made");
    return PrivateKey(std::move(key));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view text) {
    if (text.size() > 4 * key_octets_max) return fail(Fault::too_large, "the key is too long");
    const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    // Without a callback OpenSSL would ask the terminal for a password.
    const auto no_password = [](char*, int, int, void*) { return 0; };
    KeyPointer key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    ERR_clear_error();
    if (key != nullptr && is_ed25519(key.get())) return PrivateKey(std::move(key));
    return PrivateKey(TRY(checked_rsa(std::move(key))));
}

bool PrivateKey::is_rsa() const {
    return !is_ed25519(key_.get());
}

std::string PrivateKey::to_pem() const {
    const Bio bio(BIO_new(BIO_s_secmem()));
    ASSERT(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    char* begin = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &begin);
    return {begin, static_cast<size_t>(size)};
}

std::string PrivateKey::public_octets() const {
    if (!is_rsa()) {
        std::string out(ed25519_octets, '\0');
        size_t size = out.size();
        ASSERT(EVP_PKEY_get_raw_public_key(key_.get(), bytes_of(out), &size) == 1);
        return out;
    }
    unsigned char* octets = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &octets);
    ASSERT(size > 0);
    std::string out(reinterpret_cast<const char*>(octets), static_cast<size_t>(size));
    OPENSSL_free(octets);
    return out;
}

std::string PrivateKey::sign(std::string_view sha256) const {
    size_t size = static_cast<size_t>(EVP_PKEY_get_size(key_.get()));
    std::string out(size, '\0');
    if (is_rsa()) {
        const PkeyContext context = rsa_context(key_.get(), EVP_PKEY_sign_init);
        ASSERT(EVP_PKEY_sign(context.get(), bytes_of(out), &size, bytes_of(sha256), sha256.size()) == 1);
    } else {
        const DigestContext context(EVP_MD_CTX_new());
        ASSERT(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
        ASSERT(EVP_DigestSign(context.get(), bytes_of(out), &size, bytes_of(sha256), sha256.size()) == 1);
    }
    out.resize(size);
    return out;
}

}  // namespace heliopost::crypto
