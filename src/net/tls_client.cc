#include "net/tls_client.h"

#include <openssl/x509v3.h>

#include "base/assert.h"
#include "net/address.h"
#include "net/task.h"

namespace heliopost::net {
namespace {

SslCtxPtr make_verifying(const std::string& roots_file) {
    SslCtxPtr context = make_ssl_ctx(TLS_client_method());
    const int loaded = roots_file.empty()
                           ? SSL_CTX_set_default_verify_paths(context.get())
                           : SSL_CTX_load_verify_locations(context.get(), roots_file.c_str(), nullptr);
    if (loaded != 1) throw Gone("cannot read the trusted roots " + roots_file + ": " + openssl_reason());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    return context;
}

}  // namespace

SslPtr TlsClients::new_session(const TlsClient& client) {
    const bool verify = client.verify == TlsClient::Verify::name;
    if (!opportunistic_) {
        opportunistic_ = make_ssl_ctx(TLS_client_method());
        // Old keys and digests are better than no TLS, which is what comes instead: RFC 7435 §3.
        SSL_CTX_set_security_level(opportunistic_.get(), 1);
        SSL_CTX_set_verify(opportunistic_.get(), SSL_VERIFY_NONE, nullptr);
    }
    if (verify && !verifying_.contains(client.roots_file))
        verifying_.emplace(client.roots_file, make_verifying(client.roots_file));
    SSL_CTX* const context = verify ? verifying_.at(client.roots_file).get() : opportunistic_.get();

    SslPtr session(SSL_new(context));
    ASSERT(session != nullptr);
    boost::system::error_code no_address;
    (void)boost::asio::ip::make_address(client.server_name, no_address);
    if (!no_address) {  // an address is no SNI: RFC 6066 §3
        if (verify) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), client.server_name.c_str());
        return session;
    }
    if (!client.server_name.empty()) SSL_set_tlsext_host_name(session.get(), client.server_name.c_str());
    if (verify) {
        SSL_set_hostflags(session.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        // An empty name would match any certificate.
        if (client.server_name.empty() || SSL_set1_host(session.get(), client.server_name.c_str()) != 1)
            throw Gone("no name to verify the server by");
    }
    return session;
}

}  // namespace heliopost::net
