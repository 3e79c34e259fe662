#include "main/inspect.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

namespace heliopost {
namespace {

void check_user(const std::string& user, std::vector<std::string>& out) {
    if (!user.empty() && getpwnam(user.c_str()) == nullptr)
        out.push_back("server.user: there is no user \"" + user + "\" on this system");
}

void check_readable(const std::string& key, const std::string& file, std::vector<std::string>& out) {
    if (!file.empty() && access(file.c_str(), R_OK) != 0) out.push_back(key + ": cannot read " + file);
}

void check_endpoints(const Settings& settings, std::vector<std::string>& out) {
    std::map<std::string, std::string> taken;  // endpoint -> the key that has it
    const auto take = [&](const std::string& key, const std::vector<net::Endpoint>& endpoints) {
        for (const net::Endpoint& endpoint : endpoints) {
            if (endpoint.path.empty() && endpoint.port == 0) continue;
            const auto [at, added] = taken.emplace(net::to_string(endpoint), key);
            if (!added) out.push_back(key + ": " + at->first + " is taken by " + at->second);
        }
    };
    take("smtp.listen", settings.smtp.listen);
    take("submission.listen", settings.submission.listen);
    take("submission.listen_tls", settings.submission.listen_tls);
    take("lmtp.listen", settings.lmtp.listen);
    take("imap.listen", settings.imap.listen);
    take("imap.listen_tls", settings.imap.listen_tls);
    take("pop3.listen", settings.pop3.listen);
    take("pop3.listen_tls", settings.pop3.listen_tls);
}

void check_secrets(const Settings& settings, const std::string& file, std::vector<std::string>& out) {
    struct stat status{};
    if (settings.relay.password.empty() || stat(file.c_str(), &status) != 0) return;
    if ((status.st_mode & S_IROTH) != 0)
        out.push_back(file + " holds relay.password and everybody may read it: chmod 640 " + file);
}

}  // namespace

std::vector<std::string> inspect(const Settings& settings, const std::string& settings_file) {
    std::vector<std::string> out;
    check_user(settings.server.user, out);
    check_readable("dns.trust_anchor_file", settings.dns.trust_anchor_file, out);
    check_readable("relay.roots_file", settings.relay.roots_file, out);
    check_endpoints(settings, out);
    check_secrets(settings, settings_file, out);
    return out;
}

}  // namespace heliopost
