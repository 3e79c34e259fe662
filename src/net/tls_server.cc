#include "net/tls_server.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/assert.h"
#include "base/text.h"

namespace heliopost::net {
namespace {

std::unexpected<Error> unreadable(const std::string& what, const std::string& file, int error) {
    return fail(error == EACCES ? Fault::denied : Fault::not_found,
                "cannot read the " + what + " " + file + ": " + std::generic_category().message(error) +
                    (error == EACCES ? "; let the server's user read it (heliopost cert install does)"
                                     : "; name the right file or install one"));
}

std::unexpected<Error> wrong(const std::string& what, const std::string& file, const std::string& why) {
    return fail(Fault::syntax, "the " + what + " " + file + " " + why);
}

void add_name(std::vector<std::string>& names, const ASN1_STRING* text) {
    if (text == nullptr) return;
    const auto* const octets = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
    names.push_back(to_lower(std::string_view(octets, static_cast<size_t>(ASN1_STRING_length(text)))));
}

// The DNS names of the subject alternative name; the common name only where there are none (RFC 9525 §2).
std::vector<std::string> names_in(X509* certificate) {
    std::vector<std::string> names;
    auto* const found =
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    const std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>> alternatives(found);
    for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(found, i);
        if (name->type == GEN_DNS) add_name(names, name->d.dNSName);
    }
    if (!names.empty()) return names;
    const X509_NAME* const subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) add_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    return names;
}

}  // namespace

Result<SslCtxPtr> TlsServer::load(const CertificateFiles& files) {
    if (access(files.certificate.c_str(), R_OK) != 0)
        return unreadable("certificate", files.certificate, errno);
    if (access(files.key.c_str(), R_OK) != 0) return unreadable("key", files.key, errno);

    SslCtxPtr context = make_ssl_ctx(TLS_server_method());
    SSL_CTX* const raw = context.get();
    if (SSL_CTX_use_certificate_chain_file(raw, files.certificate.c_str()) != 1)
        return wrong("certificate", files.certificate,
                     "is no PEM certificate (" + openssl_reason() + "): give the leaf first, then its chain");
    // A key with a pass phrase must not ask on the terminal.
    SSL_CTX_set_default_passwd_cb(raw, [](char*, int, int, void*) { return 0; });
    const BioPtr key_file(BIO_new_file(files.key.c_str(), "r"));
    const KeyPtr key(key_file ? PEM_read_bio_PrivateKey(key_file.get(), nullptr,
                                                        SSL_CTX_get_default_passwd_cb(raw), nullptr)
                              : nullptr);
    if (key == nullptr)
        return wrong(
            "key", files.key,
            "is no PEM private key without pass phrase (" + openssl_reason() + "): give one that is");
    if (X509_check_private_key(SSL_CTX_get0_certificate(raw), key.get()) != 1 ||
        SSL_CTX_use_PrivateKey(raw, key.get()) != 1) {
        ERR_clear_error();
        return wrong(
            "key", files.key,
            "does not belong to the certificate " + files.certificate + ": give the pair of one issue");
    }
    return context;
}

Result<> TlsServer::add(const CertificateFiles& files) {
    SslCtxPtr context = TRY(load(files));
    SSL_CTX* const raw = context.get();
    X509* const certificate = SSL_CTX_get0_certificate(raw);
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        warnings_.push_back("the certificate " + files.certificate + " has expired: renew it");

    // A ticket of one service is worthless at another: RFC 8446 §4.6.1, and the ALPACA attack.
    SSL_CTX_set_session_id_context(raw, reinterpret_cast<const unsigned char*>(service_.data()),
                                   static_cast<unsigned>(service_.size()));
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(raw,
                        std::chrono::seconds(TicketKeys::key_lifetime * (TicketKeys::keys_max - 1)).count());
    ticket_keys_.serve(raw);
    SSL_CTX_set_tlsext_servername_callback(raw, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(raw, this);
    SSL_CTX_set_alpn_select_cb(raw, on_alpn, this);

    for (const std::string& name : names_in(certificate)) names_.emplace(name, raw);
    contexts_.push_back(std::move(context));
    return {};
}

SslPtr TlsServer::new_session() const {
    ASSERT(!contexts_.empty());
    return SslPtr(SSL_new(contexts_.front().get()));
}

SSL_CTX* TlsServer::choose(std::string_view name) const {
    const std::string wanted = to_lower(name);
    if (const auto exact = names_.find(wanted); exact != names_.end()) return exact->second;
    const size_t dot = wanted.find('.');
    if (dot == std::string::npos) return nullptr;
    const auto wildcard = names_.find("*" + wanted.substr(dot));  // one whole label: RFC 9525 §6.3
    return wildcard == names_.end() ? nullptr : wildcard->second;
}

int TlsServer::on_server_name(SSL* ssl, int* /*alert*/, void* server) {
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_CTX* const chosen = static_cast<const TlsServer*>(server)->choose(name);
    if (chosen == nullptr) return SSL_TLSEXT_ERR_NOACK;  // the first certificate serves
    SSL_set_SSL_CTX(ssl, chosen);
    return SSL_TLSEXT_ERR_OK;
}

// A client that names protocols must name this one: RFC 7301 §3.2; RFC 9325 §3.7 against ALPACA.
int TlsServer::on_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                       const unsigned char* in, unsigned in_size, void* server) {
    const std::vector<unsigned char>& own = static_cast<const TlsServer*>(server)->alpn_;
    unsigned char* selected = nullptr;
    if (SSL_select_next_proto(&selected, out_size, own.data(), static_cast<unsigned>(own.size()), in,
                              in_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = selected;
    return SSL_TLSEXT_ERR_OK;
}

Result<std::shared_ptr<const TlsServer>> make_tls_server(std::vector<CertificateFiles> files,
                                                         std::string service) {
    if (files.empty()) return fail(Fault::not_found, "no certificate is named for " + service);
    ASSERT(!service.empty() && service.size() <= SSL_MAX_SID_CTX_LENGTH);
    std::vector<unsigned char> alpn{static_cast<unsigned char>(service.size())};
    alpn.insert(alpn.end(), service.begin(), service.end());
    const auto server = std::make_shared<TlsServer>(std::move(service), std::move(alpn));
    for (const CertificateFiles& pair : files) TRY(server->add(pair));
    return server;
}

std::vector<std::string> tls_warnings(const TlsServer& server) {
    return server.warnings();
}

}  // namespace heliopost::net
