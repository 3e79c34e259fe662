#include "net/tls_reload.h"

#include <sys/stat.h>

namespace heliopost::net {

Result<std::unique_ptr<CertificateWatch>> CertificateWatch::open(std::vector<CertificateFiles> files,
                                                                 std::string service, const Log& log) {
    std::unique_ptr<CertificateWatch> watch(new CertificateWatch(std::move(files), std::move(service), log));
    watch->seen_ = look(watch->files_);  // before reading: a change in between is seen at the next check
    watch->server_ = TRY(make_tls_server(watch->files_, watch->service_));
    watch->warn(*watch->server_);
    return watch;
}

std::shared_ptr<const TlsServer> CertificateWatch::current() const {
    const std::lock_guard lock(mutex_);
    return server_;
}

bool CertificateWatch::check() {
    std::vector<CertificateFiles> files;
    {
        const std::lock_guard lock(mutex_);
        files = files_;
    }
    std::vector<Stamp> now = look(files);
    {
        const std::lock_guard lock(mutex_);
        if (now == seen_) return false;
        seen_ = now;
        good_ = false;
    }
    Result<std::shared_ptr<const TlsServer>> made = make_tls_server(files, service_);
    if (!made) {
        log_.error("tls.reload_failed", {{"service", service_}, {"reason", made.error().text}});
        return false;
    }
    adopt(std::move(files), std::move(now), std::move(*made));
    return true;
}

Result<bool> CertificateWatch::take(std::vector<CertificateFiles> files) {
    std::vector<Stamp> now = look(files);
    {
        const std::lock_guard lock(mutex_);
        if (good_ && files == files_ && now == seen_) return false;
    }
    auto server = TRY(make_tls_server(files, service_));
    adopt(std::move(files), std::move(now), std::move(server));
    return true;
}

void CertificateWatch::adopt(std::vector<CertificateFiles> files, std::vector<Stamp> seen,
                             std::shared_ptr<const TlsServer> server) {
    warn(*server);
    log_.info("tls.reloaded", {{"service", service_}, {"certificate", files.front().certificate}});
    const std::lock_guard lock(mutex_);
    files_ = std::move(files);
    seen_ = std::move(seen);
    server_ = std::move(server);
    good_ = true;
}

std::vector<CertificateWatch::Stamp> CertificateWatch::look(const std::vector<CertificateFiles>& files) {
    std::vector<Stamp> stamps;
    for (const CertificateFiles& pair : files)
        for (const std::string& file : {pair.certificate, pair.key}) {
            struct stat found{};
            Stamp stamp;
            if (stat(file.c_str(), &found) == 0)
                stamp = {.modified_ns = found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec,
                         .inode = found.st_ino,
                         .octets = found.st_size};
            stamps.push_back(stamp);
        }
    return stamps;
}

void CertificateWatch::warn(const TlsServer& server) const {
    for (const std::string& warning : tls_warnings(server))
        log_.warning("tls.certificate", {{"service", service_}, {"reason", warning}});
}

}  // namespace heliopost::net
