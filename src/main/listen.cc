// Ports: bound before anything else, so that root can be given up; served once all is open.
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "main/program.h"
#include "main/store_place.h"
#include "main/user.h"
#include "net/acceptor.h"
#include "server/admin/socket.h"

namespace heliopost {

namespace {

// What a connection past the limits is told. Before TLS nothing can be: a client would take it for a
// handshake.
std::string refusal_of(const std::string& listener, const std::string& host) {
    const std::string busy = "too many connections, please try again later\r\n";
    if (listener == "smtp" || listener == "submission" || listener == "lmtp")
        return "421 " + host + ' ' + busy;  // RFC 5321 §3.8; no enhanced code in a greeting: RFC 2034 §4
    if (listener == "imap") return "* BYE [UNAVAILABLE] " + busy;  // RFC 9051 §7.1.5, RFC 5530 §3
    if (listener == "pop3") return "-ERR [SYS/TEMP] " + busy;      // RFC 3206 §4
    return {};
}

}  // namespace

Result<void> Program::bind(const std::vector<net::Endpoint>& at, std::string name,
                           const ListenSettings* settings,
                           std::function<net::Task<void>(Core&, std::unique_ptr<net::Stream>)> serve) {
    for (const net::Endpoint& endpoint : at) {
        // A socket for each loop, but a Unix socket has one name.
        const std::size_t loops = endpoint.path.empty() ? core_.size() : 1;
        // Sockets that share a port do so with any process of the same user: ask once for the port alone.
        if (endpoint.path.empty()) TRY(core_.front()->world.listen(endpoint, {.reuse_port = false}));
        for (std::size_t i = 0; i < loops; ++i) {
            auto listener = TRY(core_[i]->world.listen(endpoint, {}));
            Core* core = core_[i].get();
            bound_.push_back({std::move(listener), name,
                              [core, serve](std::unique_ptr<net::Stream> stream) {
                                  return serve(*core, std::move(stream));
                              },
                              i, settings});
        }
    }
    return {};
}

Result<void> Program::bind_admin() {
    const std::filesystem::path socket = settings_.server.admin_socket;
    if (socket.empty()) return {};
    std::error_code error;
    std::filesystem::create_directories(socket.parent_path(), error);
    net::Endpoint at;
    at.path = socket;
    return bind({at}, "admin", nullptr, [](Core& core, std::unique_ptr<net::Stream> stream) {
        return admin::serve(&core.administered, std::move(stream));
    });
}

Result<void> Program::listen() {
    using Stream = std::unique_ptr<net::Stream>;
    const Settings& s = settings_;
    TRY(bind(s.smtp.listen, "smtp", &s.smtp,
             [](Core& c, Stream stream) { return smtp_server::serve(&c.mx, std::move(stream)); }));
    TRY(bind(s.submission.listen, "submission", &s.submission,
             [](Core& c, Stream stream) { return smtp_server::serve(&c.submission, std::move(stream)); }));
    TRY(bind(s.submission.listen_tls, "submissions", &s.submission, [](Core& c, Stream stream) {
        return smtp_server::serve(&c.submission_tls, std::move(stream));
    }));
    TRY(bind(s.lmtp.listen, "lmtp", &s.lmtp,
             [](Core& c, Stream stream) { return smtp_server::serve(&c.lmtp, std::move(stream)); }));
    TRY(bind(s.imap.listen, "imap", &s.imap,
             [](Core& c, Stream stream) { return imap_server::serve(&c.imap, std::move(stream)); }));
    TRY(bind(s.imap.listen_tls, "imaps", &s.imap,
             [](Core& c, Stream stream) { return imap_server::serve(&c.imap_tls, std::move(stream)); }));
    TRY(bind(s.pop3.listen, "pop3", &s.pop3,
             [](Core& c, Stream stream) { return pop3_server::serve(&c.pop3, std::move(stream)); }));
    TRY(bind(s.pop3.listen_tls, "pop3s", &s.pop3,
             [](Core& c, Stream stream) { return pop3_server::serve(&c.pop3_tls, std::move(stream)); }));
    TRY(bind_admin());
    return drop_privileges();
}

Result<void> Program::drop_privileges() {
    const std::string& user = settings_.server.user;
    if (user.empty() || geteuid() != 0) return {};
    TRY(give_store_to_user(settings_.server.data_directory, user));
    TRY(give_to_user(settings_.server.admin_socket, user));
    return become_user(user);
}

void Program::accept(Core& core, std::size_t index) {
    const auto limits_of = [&](const ListenSettings* settings) {
        for (const auto& [known, limits] : limits_)
            if (known == settings) return limits;
        net::ConnectionLimits::Options options;  // the admin socket's, too
        if (settings != nullptr) options = {settings->connections_per_address_max, settings->connections_max};
        limits_.emplace_back(settings, net::ConnectionLimits(options));
        return limits_.back().second;
    };
    for (Bound& bound : bound_)
        if (bound.core == index)
            core.accepting.spawn(net::accept_all(
                &core.world, std::move(bound.listener), limits_of(bound.settings), &core.connections,
                bound.name, bound.serve, refusal_of(bound.name, settings_.server.host_name)));
}

}  // namespace heliopost
