#include "net/openssl.h"

#include "base/assert.h"

namespace heliopost::net {

std::string openssl_reason() {
    const unsigned long error = ERR_get_error();
    ERR_clear_error();
    const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
    return reason == nullptr ? "unknown reason" : reason;
}

SslCtxPtr make_ssl_ctx(const SSL_METHOD* method) {
    SslCtxPtr context(SSL_CTX_new(method));
    ASSERT(context != nullptr);
    SSL_CTX* const raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    const int ciphers = SSL_CTX_set_cipher_list(
        raw,
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
        "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384");
    ASSERT(ciphers == 1);
    const auto groups = SSL_CTX_set1_groups_list(raw, "X25519:P-256");
    ASSERT(groups == 1);
    // CLEANSE_PLAINTEXT: what was read is wiped from the library's own buffer.
    SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_CLEANSE_PLAINTEXT);
    // Buffers live only while octets are in them: an idle connection must be small.
    SSL_CTX_set_mode(
        raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // One record a call: a peer whose records hold no octets for us does not keep the loop.
    SSL_CTX_clear_mode(raw, SSL_MODE_AUTO_RETRY);
    return context;
}

}  // namespace heliopost::net
