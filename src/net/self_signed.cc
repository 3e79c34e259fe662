#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/assert.h"
#include "net/openssl.h"
#include "net/tls.h"

namespace heliopost::net {
namespace {

std::string text_of(BIO* memory) {
    char* octets = nullptr;
    const long size = BIO_get_mem_data(memory, &octets);
    return {octets, static_cast<size_t>(size)};
}

void set_serial(X509* certificate) {
    std::uint64_t serial = 0;
    const int filled = RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASSERT(filled == 1);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate),
                            serial >> 1 | 1);  // positive: RFC 5280 §4.1.2.2
}

void add_extension(X509* certificate, int kind, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    ASSERT(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

}  // namespace

SelfSigned make_self_signed(const std::vector<std::string>& names, int days) {
    ASSERT(!names.empty());
    const KeyPtr key(EVP_EC_gen("P-256"));
    const X509Ptr certificate(X509_new());
    ASSERT(key && certificate);
    X509_set_version(certificate.get(), X509_VERSION_3);
    set_serial(certificate.get());
    // An hour back, for clients whose clock is behind.
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_time_adj_ex(X509_getm_notAfter(certificate.get()), days, 0, nullptr);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    const std::string common = names.front().substr(0, 64);  // ub-common-name, RFC 5280 §A.1
    X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common.data()),
                               static_cast<int>(common.size()), -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    std::string alternatives;
    for (const std::string& name : names) {
        ASSERT(name.find_first_of(",\n:") == std::string::npos);
        alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
    }
    add_extension(certificate.get(), NID_subject_alt_name, alternatives);
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
    const int size = X509_sign(certificate.get(), key.get(), EVP_sha256());
    ASSERT(size > 0);

    const BioPtr certificate_text(BIO_new(BIO_s_mem()));
    const BioPtr key_text(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(certificate_text.get(), certificate.get());
    PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text_of(certificate_text.get()), text_of(key_text.get())};
}

}  // namespace heliopost::net
