// OpenSSL's objects as unique_ptr, and its errors as text. Only for net/*.cc.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace heliopost::net {

template <auto free>
struct OpensslFree {
    void operator()(auto* object) const noexcept { free(object); }
};
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, OpensslFree<SSL_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslFree<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

// The reason of the first error in this thread's queue, which is emptied.
std::string openssl_reason();

// What clients and servers have in common: TLS 1.2 and 1.3 with forward-secret AEAD ciphers (RFC 9325 §3.1.1,
// §4.2), X25519 and P-256, no compression (§3.3), no renegotiation (§3.5).
SslCtxPtr make_ssl_ctx(const SSL_METHOD* method);

}  // namespace heliopost::net
