#include "crypto/sha256.h"

#include <openssl/evp.h>

#include "base/assert.h"

namespace heliopost::crypto {

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
    EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    ASSERT(context_ != nullptr);
    // Fetched once: OpenSSL 3 looks an algorithm up anew each time otherwise.
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    ASSERT(EVP_DigestInit_ex2(context_.get(), algorithm, nullptr) == 1);
}

void Sha256::add(std::string_view octets) {
    ASSERT(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1);
}

std::string Sha256::finish() {
    std::string out(32, '\0');
    unsigned size = 0;
    ASSERT(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(out.data()), &size) == 1);
    ASSERT(size == out.size());
    return out;
}

}  // namespace heliopost::crypto
