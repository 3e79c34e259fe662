// CertificateWatch: the certificates of one service, read again when their files change.
//
// The caller's timer calls check(). A set of files that does not work (half installed, for example) is logged
// once and the old certificates stay. Thread-safe; connections keep the server they began with.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "net/tls.h"

namespace heliopost::net {

class CertificateWatch {
public:
    // Reads the files; fails as make_tls_server does.
    static Result<std::unique_ptr<CertificateWatch>> open(std::vector<CertificateFiles> files,
                                                          std::string service, const Log& log);

    std::shared_ptr<const TlsServer> current() const;

    // Looks at the files; true when new certificates were taken. Reads files: not for a busy loop.
    bool check();

    // The same at an administrator's word, perhaps with other files: true when new certificates were taken,
    // false where nothing has changed. Fails as open() does; then all stays as it was.
    Result<bool> take(std::vector<CertificateFiles> files);

private:
    struct Stamp {
        std::int64_t modified_ns = 0;
        ino_t inode = 0;
        off_t octets = 0;
        bool operator==(const Stamp&) const = default;
    };
    CertificateWatch(std::vector<CertificateFiles> files, std::string service, const Log& log)
        : service_(std::move(service)), log_(log), files_(std::move(files)) {}
    static std::vector<Stamp> look(const std::vector<CertificateFiles>& files);
    void warn(const TlsServer& server) const;

    void adopt(std::vector<CertificateFiles> files, std::vector<Stamp> seen,
               std::shared_ptr<const TlsServer> server);

    const std::string service_;
    const Log& log_;
    mutable std::mutex mutex_;  // of all below
    std::vector<CertificateFiles> files_;
    std::vector<Stamp> seen_;
    bool good_ = true;  // server_ was made of the files as they were seen
    std::shared_ptr<const TlsServer> server_;
};

}  // namespace heliopost::net
