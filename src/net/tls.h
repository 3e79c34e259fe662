// What TLS offers and what came of a handshake; OpenSSL itself stays inside net/.
//
// TLS 1.2 and 1.3 only, with forward-secret AEAD ciphers (RFC 9325). Session tickets are bound to the
// service, so that one of IMAP is worthless at SMTP.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace heliopost::net {

class TlsServer;  // certificates by name and the options of one service; made by make_tls_server

struct CertificateFiles {
    std::string certificate;  // path of a PEM file, leaf first, then the chain
    std::string key;          // path of a PEM file

    bool operator==(const CertificateFiles&) const = default;
};

// Reads the files. The first certificate is the one for clients without SNI or with an unknown name; the
// others are chosen by the names in them. service ("smtp", "imap", ...) binds tickets and is checked as ALPN
// where the client sends one. Fails with Fault::not_found or Fault::syntax and a text that names the file.
Result<std::shared_ptr<const TlsServer>> make_tls_server(std::vector<CertificateFiles> files,
                                                         std::string service);

// What is no reason to refuse the certificates but must be logged: one of them has expired.
std::vector<std::string> tls_warnings(const TlsServer& server);

// How a client checks the server.
struct TlsClient {
    enum class Verify {
        none,  // opportunistic: encrypt, whoever it is (RFC 7435)
        name,  // the system's roots, or roots_file, and the name
    };
    Verify verify = Verify::none;
    std::string server_name;  // SNI and the name to verify
    std::string roots_file;   // empty: the system's
};

struct TlsSession {
    std::string version;  // "TLSv1.3"
    std::string cipher;
    std::string server_name;  // SNI; empty if none
    bool resumed = false;
    bool verified = false;  // client side: the chain and name were verified
};

// A self-signed certificate for the names, ECDSA P-256, valid for days from now: PEM texts.
struct SelfSigned {
    std::string certificate;
    std::string key;
};
SelfSigned make_self_signed(const std::vector<std::string>& names, int days);

}  // namespace heliopost::net
