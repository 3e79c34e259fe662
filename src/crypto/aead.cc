#include "crypto/aead.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include "base/assert.h"
#include "base/secret.h"

namespace heliopost::crypto {
namespace {

unsigned char* octets_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* octets_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::unexpected<Error> broken() {
    return fail(Fault::internal, "it is damaged, or sealed with another key");
}

}  // namespace

void Aead::Free::operator()(evp_cipher_ctx_st* context) const {
    EVP_CIPHER_CTX_free(context);
}

Aead::Aead(std::string_view key) : context_(EVP_CIPHER_CTX_new()) {
    ASSERT(key.size() == aead_key_octets);
    ASSERT(context_ != nullptr);
    ASSERT(EVP_CipherInit_ex(context_.get(), EVP_aes_256_gcm(), nullptr, octets_of(key), nullptr, 1) == 1);
}

void Aead::start(std::string_view nonce, std::string_view associated, int sealing) {
    ASSERT(nonce.size() == aead_nonce_octets);
    ASSERT(EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, octets_of(nonce), sealing) == 1);
    int length = 0;
    if (!associated.empty())
        ASSERT(EVP_CipherUpdate(context_.get(), nullptr, &length, octets_of(associated),
                                static_cast<int>(associated.size())) == 1);
}

std::string Aead::seal(std::string_view nonce, std::string_view associated, std::string_view text) {
    std::string out(text.size() + aead_tag_octets, '\0');
    start(nonce, associated, 1);
    int length = 0;
    if (!text.empty())
        ASSERT(EVP_CipherUpdate(context_.get(), octets_of(out), &length, octets_of(text),
                                static_cast<int>(text.size())) == 1);
    ASSERT(EVP_CipherFinal_ex(context_.get(), octets_of(out) + length, &length) == 1);
    ASSERT(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(aead_tag_octets),
                               octets_of(out) + text.size()) == 1);
    return out;
}

Result<std::string> Aead::open(std::string_view nonce, std::string_view associated, std::string_view sealed) {
    if (sealed.size() < aead_tag_octets) return broken();
    const std::string_view text = sealed.substr(0, sealed.size() - aead_tag_octets);
    std::string tag(sealed.substr(text.size())), out(text.size(), '\0');
    start(nonce, associated, 0);
    int length = 0, more = 0;
    const bool read = text.empty() || EVP_CipherUpdate(context_.get(), octets_of(out), &length,
                                                       octets_of(text), static_cast<int>(text.size())) == 1;
    const bool whole = read &&
                       EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_GCM_SET_TAG,
                                           static_cast<int>(aead_tag_octets), tag.data()) == 1 &&
                       EVP_CipherFinal_ex(context_.get(), octets_of(out) + length, &more) == 1;
    if (whole) return out;
    wipe(out);
    return broken();
}

void derive_key(std::string_view secret, std::string_view salt, std::string_view purpose,
                std::span<unsigned char> into) {
    const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr),
                                                                EVP_KDF_free);
    const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                            EVP_KDF_CTX_free);
    ASSERT(context != nullptr);
    std::string digest = "SHA256", told(purpose), salted(salt), from(secret);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, from.data(), from.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salted.data(), salted.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, told.data(), told.size()),
        OSSL_PARAM_construct_end()};
    ASSERT(EVP_KDF_derive(context.get(), into.data(), into.size(), parameters) == 1);
    wipe(from);
}

std::string random_octets(std::size_t count) {
    std::string octets(count, '\0');
    ASSERT(RAND_priv_bytes(octets_of(octets), static_cast<int>(count)) == 1);
    return octets;
}

}  // namespace heliopost::crypto
