// TlsServer: the certificates and options of one service as OpenSSL has them. Only for net/*.cc.
//
// Immutable once made; the loops share it. A session holds its server alive.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/openssl.h"
#include "net/ticket_keys.h"
#include "net/tls.h"

namespace heliopost::net {

class TlsServer {
public:
    TlsServer(std::string service, std::vector<unsigned char> alpn)
        : service_(std::move(service)), alpn_(std::move(alpn)) {}

    // Reads one pair of files and adds it; the first is the default.
    Result<> add(const CertificateFiles& files);

    SslPtr new_session() const;
    const std::vector<std::string>& warnings() const { return warnings_; }

private:
    SSL_CTX* choose(std::string_view name) const;
    Result<SslCtxPtr> load(const CertificateFiles& files);
    static int on_server_name(SSL* ssl, int* alert, void* server);
    static int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                       unsigned in_size, void* server);

    std::string service_;
    std::vector<unsigned char> alpn_;  // the one protocol, in wire form
    mutable TicketKeys ticket_keys_;   // thread-safe; contexts below refer to it
    std::vector<SslCtxPtr> contexts_;
    std::map<std::string, SSL_CTX*, std::less<>> names_;  // lower case; "*.example" for wildcards
    std::vector<std::string> warnings_;
};

}  // namespace heliopost::net
