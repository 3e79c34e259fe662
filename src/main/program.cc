#include "main/program.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "main/run_task.h"
#include "net/acceptor.h"
#include "net/unbound_resolver.h"

namespace heliopost {
namespace {

constexpr std::chrono::seconds stop_time_max{10};
constexpr std::chrono::minutes certificate_check_interval{1};
constexpr std::size_t pool_threads = 4;
constexpr std::string_view debian_trust_anchor = "/usr/share/dns/root.key";

std::size_t thread_count(const ServerSettings& server) {
    if (server.threads != 0) return server.threads;
    return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

Program::Program(Settings settings, std::string settings_file, const Log& log)
    : settings_(std::move(settings)),
      settings_file_(std::move(settings_file)),
      log_(log),
      cores_(thread_count(settings_.server), pool_threads, log) {
    for (std::size_t i = 0; i < cores_.size(); ++i) core_.push_back(std::make_unique<Core>(cores_[i]));
}

Program::~Program() {
    if (started_) stop();
    // The frames of what was cut off use all below, and the store's threads post to the loops: in this order.
    bound_.clear();
    core_.clear();
    transport_.reset();
    queue_.reset();
    accounts_.reset();
    login_.reset();
    directory_.reset();
    store_.reset();
}

Result<void> Program::read_certificates() {
    if (settings_.tls.certificates.empty()) return {};
    const auto& files = settings_.tls.certificates;
    smtp_certificates_ = TRY(net::CertificateWatch::open(files, "smtp", log_));
    imap_certificates_ = TRY(net::CertificateWatch::open(files, "imap", log_));
    pop3_certificates_ = TRY(net::CertificateWatch::open(files, "pop3", log_));
    return {};
}

Result<void> Program::open() {
    store::RocksOptions options;
    options.path = settings_.server.data_directory;
    if (settings_.server.disk_reserve != 0) options.disk_reserve = settings_.server.disk_reserve;
    options.cache_octets = settings_.server.cache;
    store_ = TRY(store::RocksStore::open(std::move(options)));
    directory_ = directory::make_directory(*store_, world());
    login_ = directory::make_login(*directory_, world());
    std::vector<net::World*> worlds;
    for (std::size_t i = 0; i < cores_.size(); ++i) worlds.push_back(&cores_[i]);
    accounts_ = mailbox::make_accounts(*store_, worlds, {});
    queue::QueueOptions queue_options;
    queue_options.destination_of = [options = transport_options()](std::string_view domain) {
        return transport::destination_of(options, domain);
    };
    queue_ = queue::make_queue(*store_, log_, std::move(queue_options));
    TRY(run_task(world(), directory_->load()));
    TRY(run_task(world(), queue_->load()));
    administered_ = std::make_unique<admin::Administered>(
        admin::Administered{&world(), directory_.get(), accounts_.get(), queue_.get(), {}});
    return {};
}

net::Task<void> Program::watch_certificates(net::World* world) {
    for (;;) {
        co_await world->sleep_until(world->after(certificate_check_interval));
        for (auto* watch : {smtp_certificates_.get(), imap_certificates_.get(), pop3_certificates_.get()})
            if (watch != nullptr) co_await world->on_pool([watch] { watch->check(); });
    }
}

void Program::start() {
    net::UnboundOptions dns;
    dns.upstreams = settings_.dns.servers;
    dns.query_localhost = true;
    dns.trust_anchor_file = settings_.dns.trust_anchor_file;
    // Without the root key nothing is validated: mail flows all the same, DANE does not.
    if (dns.trust_anchor_file.empty() && dns.upstreams.empty() &&
        std::filesystem::exists(debian_trust_anchor))
        dns.trust_anchor_file = debian_trust_anchor;
    if (auto context = net::UnboundContext::make(dns)) {
        for (std::size_t i = 0; i < cores_.size(); ++i)
            cores_[i].set_resolver(std::make_unique<net::UnboundResolver>(cores_[i], *context));
    } else {
        log_.error("no DNS: outgoing mail waits", {{"reason", context.error().text}});
    }
    make_services();
    for (std::size_t i = 0; i < core_.size(); ++i) accept(*core_[i], i);
    core_.front()->connections.spawn(watch_certificates(&world()));
    transport_ =
        std::make_unique<transport::Transport>(world(), *queue_, *store_, *directory_, transport_options());
    transport_->start();
    cores_.start();
    started_ = true;
    log_.info("started", {{"host_name", settings_.server.host_name}, {"threads", cores_.size()}});
}

namespace {

net::Task<void> end_groups(Core* core, transport::Transport* transport, std::atomic<std::size_t>* left) {
    const auto deadline = core->world.after(stop_time_max);
    if (transport != nullptr) co_await transport->stop(deadline);
    co_await core->accepting.join(deadline);
    co_await core->connections.join(deadline);
    left->fetch_sub(1);
    left->notify_all();
}

}  // namespace

void Program::stop() {
    log_.info("stopping", {});
    std::atomic<std::size_t> left = core_.size();
    std::vector<std::unique_ptr<net::TaskGroup>> enders;
    for (const auto& core : core_) enders.push_back(std::make_unique<net::TaskGroup>(core->world, "stop"));
    for (std::size_t i = 0; i < core_.size(); ++i)
        core_[i]->world.post([core = core_[i].get(), group = enders[i].get(), &left,
                              transport = i == 0 ? transport_.get() : nullptr] {
            core->accepting.stop();
            core->connections.stop();
            group->spawn(end_groups(core, transport, &left));
        });
    for (std::size_t now = left.load(); now != 0; now = left.load()) left.wait(now);
    cores_.stop();
    started_ = false;
    log_.info("stopped", {});
}

Result<void> Program::reload() {
    TRY(load_settings(settings_file_));
    for (auto* watch : {smtp_certificates_.get(), imap_certificates_.get(), pop3_certificates_.get()})
        if (watch != nullptr) watch->check();
    log_.info("reloaded", {{"file", settings_file_}});
    return {};
}

}  // namespace heliopost
