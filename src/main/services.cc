// What each loop serves, made from the settings.
#include <utility>

#include "base/text.h"
#include "main/program.h"
#include "net/own_addresses.h"

namespace heliopost {
namespace {

std::function<std::shared_ptr<const net::TlsServer>()> newest(
    const std::unique_ptr<net::CertificateWatch>& watch) {
    if (watch == nullptr) return {};
    return [w = watch.get()] { return w->current(); };
}

}  // namespace

void Program::serve_smtp(Core& core) {
    core.delivering = std::make_unique<delivery::Delivering>(delivery::Delivering{
        core.world, *store_, *queue_, settings_.server.host_name, settings_.relay.expire_after});
    core.delivering->keys = keys_.get();
    smtp_server::Service base;
    base.host_name = settings_.server.host_name;
    base.tls = newest(smtp_certificates_);
    base.directory = directory_.get();
    base.login = login_.get();
    base.accounts = accounts_.get();
    base.delivering = core.delivering.get();
    base.closing = &core.closing;
    base.inbox = inbox_.get();
    base.guesses = guesses_.get();
    base.arriving = &arriving_;
    core.mx = base;
    core.judging = judging(core.checking);
    base.judging = core.mx.judging = &core.judging;
    core.lmtp = base;
    core.lmtp.role = smtp_server::Role::lmtp;
    core.submission = base;
    core.submission.role = smtp_server::Role::submission;
    core.submission_tls = core.submission;
    core.submission_tls.tls_from_start = true;
}

smtp_server::Judging Program::judging(net::TaskGroup& tasks) const {
    const ChecksSettings& from = settings_.checks;
    auto checks = std::make_shared<message_check::Settings>();
    checks->server = settings_.server.host_name;
    std::vector<std::string> names = from.other_names;
    names.push_back(checks->server);
    checks->trusted_sealers = from.trusted_sealers;
    checks->bimi = from.bimi;
    checks->suffixes = suffixes_;
    return {.enabled = from.enabled,
            .checks = std::move(checks),
            .tasks = &tasks,
            .enforce = from.enforce_dmarc,
            .trusted = from.trusted_networks,
            .names = std::move(names),
            .statistics = statistics_.get()};
}

void Program::serve_readers(Core& core) {
    core.imap.host_name = core.pop3.host_name = settings_.server.host_name;
    core.imap.tls = newest(imap_certificates_);
    core.imap.world = &core.world;
    core.imap.store = store_.get();
    core.imap.login = login_.get();
    core.imap.accounts = accounts_.get();
    core.imap.searches = &core.searches;
    core.imap.closing = core.pop3.closing = &core.closing;
    core.imap_tls = core.imap;
    core.imap_tls.tls_from_start = true;
    core.pop3.tls = newest(pop3_certificates_);
    core.pop3.world = &core.world;
    core.pop3.login = login_.get();
    core.pop3.accounts = accounts_.get();
    core.pop3_tls = core.pop3;
    core.pop3_tls.tls_from_start = true;
}

void Program::make_services() {
    administered_->reload = [this] { return reload(); };
    administered_->checkpoint = [this] { return store_->checkpoint(); };
    administered_->status = [this] { return status(); };
    if (sender_ != nullptr)
        administered_->reports = [this](admin::Request request) { return send_reports(std::move(request)); };
    administered_->account_removed = [this] { world().post([this] { account_removed_.set(); }); };
    for (const auto& core : core_) {
        serve_smtp(*core);
        serve_readers(*core);
        change_core(*core, settings_);
        core->administered = *administered_;
        core->administered.world = &core->world;
        core->administered.closing = &core->closing;
    }
}

transport::TransportOptions Program::transport_options() const {
    const RelaySettings& relay = settings_.relay;
    transport::TransportOptions options;
    options.host_name = settings_.server.host_name;
    options.helo_name = relay.helo_name;
    options.port = static_cast<std::uint16_t>(relay.port);
    options.own_addresses = net::reached_at(settings_.smtp.listen, options.port, net::interface_addresses());
    options.ipv6 = relay.ipv6;
    options.source_addresses = relay.source_addresses;
    options.connections_max = relay.connections_max;
    options.per_destination_max = relay.connections_per_destination_max;
    options.retry.first = relay.retry_first;
    options.retry.longest = relay.retry_max;
    options.retry.warn_after = relay.warn_after;
    options.retry.expire_after = relay.expire_after;
    options.keys = keys_.get();
    if (relay.smart_host.empty()) return options;
    transport::SmartHost host;
    const auto colon = relay.smart_host.rfind(':');
    host.host = relay.smart_host.substr(0, colon);
    host.port = 587;  // RFC 6409 §3.1
    if (colon != std::string::npos)
        if (const auto port = to_number(relay.smart_host.substr(colon + 1)); port && *port <= 65535)
            host.port = static_cast<std::uint16_t>(*port);
    host.tls_from_start = relay.smart_host_tls_from_start;
    host.require_tls = relay.smart_host_require_tls;
    host.user = relay.user;
    host.password = relay.password;
    host.roots_file = relay.roots_file;
    options.smart_host = std::move(host);
    return options;
}

}  // namespace heliopost
