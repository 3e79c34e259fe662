#include "main/confinement.h"

#include <filesystem>

#include "base/text.h"
#include "main/files.h"

namespace heliopost {
namespace {

namespace fs = std::filesystem;

// Libraries, the resolver's and the users' files, certificates to trust; what the process says of itself.
constexpr const char* system_paths[] = {
    "/etc", "/usr", "/lib", "/lib64", "/proc", "/sys/devices/system", "/run/systemd"};
constexpr std::uint16_t dns_port = 53;
constexpr std::uint16_t smart_host_port = 587;  // RFC 6409 §3.1

std::string folder_of(const std::string& file) {
    const fs::path folder = fs::path(file).parent_path();
    return folder.empty() ? "." : folder.string();
}

// Where the name lies and where it leads: certbot's names are links, which change with each renewal.
void add_file(const std::string& file, std::vector<std::string>& paths) {
    if (file.empty()) return;
    paths.push_back(folder_of(file));
    std::error_code error;
    const fs::path real = fs::canonical(file, error);
    if (!error) paths.push_back(real.parent_path().string());
}

std::uint16_t port_after(std::string_view text, char separator, std::uint16_t otherwise) {
    const auto at = text.rfind(separator);
    if (at == std::string_view::npos) return otherwise;
    const auto port = to_number(text.substr(at + 1));
    return port && *port <= UINT16_MAX ? static_cast<std::uint16_t>(*port) : otherwise;
}

void add_listeners(const ListenSettings& listeners, sandbox::Plan& plan) {
    for (const auto* endpoints : {&listeners.listen, &listeners.listen_tls})
        for (const net::Endpoint& at : *endpoints) {
            if (at.path.empty()) plan.listen.push_back(at.port);
            if (!at.path.empty()) plan.writable.push_back(folder_of(at.path));
        }
}

}  // namespace

sandbox::Plan sandbox_plan(const Settings& settings, const std::string& settings_file,
                           const std::string& notify) {
    sandbox::Plan plan;
    plan.abstract_sockets = notify.starts_with('@');
    for (const char* path : system_paths) plan.readable.emplace_back(path);
    add_file(settings_file, plan.readable);
    add_file(settings.relay.roots_file, plan.readable);
    add_file(settings.server.key_file, plan.readable);
    add_file(settings.dns.trust_anchor_file, plan.readable);
    for (const net::CertificateFiles& files : settings.tls.certificates) {
        add_file(files.certificate, plan.readable);
        add_file(files.key, plan.readable);
    }
    std::error_code error;
    make_private_directory(settings.server.data_directory);
    plan.writable = {settings.server.data_directory, "/dev"};
    if (!settings.server.admin_socket.empty()) {
        fs::create_directories(folder_of(settings.server.admin_socket), error);
        plan.writable.push_back(folder_of(settings.server.admin_socket));
    }
    for (const ListenSettings* listeners : {static_cast<const ListenSettings*>(&settings.smtp),
                                            static_cast<const ListenSettings*>(&settings.submission),
                                            &settings.lmtp, &settings.imap, &settings.pop3})
        add_listeners(*listeners, plan);
    plan.connect = {dns_port, static_cast<std::uint16_t>(settings.relay.port)};
    for (const std::string& server : settings.dns.servers)
        plan.connect.push_back(port_after(server, '@', dns_port));
    if (!settings.relay.smart_host.empty())
        plan.connect.push_back(port_after(settings.relay.smart_host, ':', smart_host_port));
    return plan;
}

}  // namespace heliopost
