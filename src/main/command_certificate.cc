// heliopost cert install: what certbot's deploy hook runs, as root.
//
// The server reads its certificates as its own user; certbot keeps its files for root. So they are copied to
// where tls.certificates says, with the server's ownership, and the server reads them again.
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>

#include "main/command.h"
#include "main/files.h"
#include "net/tls.h"

namespace heliopost {
namespace {

constexpr std::size_t certificate_octets_max = std::size_t{1} << 20;

std::string from_certbot(const std::string& given, const char* name) {
    const char* lineage = getenv("RENEWED_LINEAGE");
    if (!given.empty() || lineage == nullptr) return given;
    return std::string(lineage) + "/" + name;
}

Result<void> copy(const std::string& from, const std::string& to, mode_t mode, const std::string& user) {
    TRY(write_file(to, TRY(read_file(from, certificate_octets_max)), mode));
    if (user.empty() || geteuid() != 0) return {};
    const passwd* owner = getpwnam(user.c_str());
    if (owner == nullptr || chown(to.c_str(), owner->pw_uid, owner->pw_gid) != 0)
        return fail(Fault::denied, "cannot give " + to + " to user \"" + user + "\"");
    return {};
}

Result<void> install(const Settings& settings, const CertificateOptions& options) {
    if (settings.tls.certificates.empty())
        return fail(Fault::not_found, "tls.certificates is empty: name the files that the server is to read");
    const net::CertificateFiles from{from_certbot(options.certificate, "fullchain.pem"),
                                     from_certbot(options.key, "privkey.pem")};
    if (from.certificate.empty() || from.key.empty())
        return fail(Fault::syntax, "name --certificate and --key, or run this as certbot's deploy hook");
    TRY(net::make_tls_server({from}, "smtp"));  // a pair that does not fit never replaces one that does
    const net::CertificateFiles& to = settings.tls.certificates.front();
    TRY(copy(from.key, to.key, 0600, settings.server.user));
    return copy(from.certificate, to.certificate, 0644, settings.server.user);
}

}  // namespace

int command_certificate_install(const CommonOptions& common, const CertificateOptions& options) {
    const auto settings = load_settings(common.config);
    if (!settings) return report(common, settings.error(), exit_configuration);
    if (const auto done = install(*settings, options); !done) return report(common, done.error());
    if (!common.json) std::printf("installed %s\n", settings->tls.certificates.front().certificate.c_str());
    command_reload(common);  // where no server runs there is nothing to reload, and it says so
    return exit_good;
}

}  // namespace heliopost
