#include "main/program.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "main/run_task.h"
#include "main/upkeep.h"
#include "net/acceptor.h"
#include "net/unbound_resolver.h"

namespace heliopost {
namespace {

constexpr std::chrono::minutes certificate_check_interval{1};
constexpr std::size_t pool_threads = 4;
constexpr std::string_view debian_trust_anchor = "/usr/share/dns/root.key";

constexpr std::size_t process_secret_octets = 32;

std::size_t thread_count(const ServerSettings& server) {
    if (server.threads != 0) return server.threads;
    return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

Program::Program(Settings settings, std::string settings_file, Log& log)
    : settings_(std::move(settings)),
      settings_file_(std::move(settings_file)),
      log_(log),
      cores_(thread_count(settings_.server), pool_threads, log),
      account_removed_(cores_[0]) {
    for (std::size_t i = 0; i < cores_.size(); ++i) core_.push_back(std::make_unique<Core>(cores_[i]));
}

Program::~Program() {
    if (started_) stop();
    // The frames of what was cut off use all below, and the store's threads post to the loops: in this order.
    bound_.clear();
    core_.clear();
    inbox_.reset();
    received_.reset();
    sender_.reset();
    statistics_.reset();
    transport_.reset();
    scrub_.reset();
    queue_.reset();
    accounts_.reset();
    keys_.reset();
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
    guesses_ = std::make_unique<smtp_server::NameGuesses>(world().random_octets(process_secret_octets));
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
    keys_ = std::make_unique<signing::Keys>(*store_, *directory_, world(), server_key_file(settings_.server));
    keys_->change(settings_.dkim);
    TRY(run_task(world(), keys_->load()));
    administered_ = std::make_unique<admin::Administered>(admin::Administered{
        &world(), directory_.get(), accounts_.get(), queue_.get(), store_.get(), keys_.get()});
    return {};
}

net::Task<void> Program::watch_certificates(net::World* world) {
    for (;;) {
        co_await world->sleep_until(world->after(certificate_check_interval));
        for (auto* watch : {smtp_certificates_.get(), imap_certificates_.get(), pop3_certificates_.get()})
            if (watch != nullptr) co_await world->on_pool([watch] { watch->check(); });
    }
}

void Program::start_upkeep() {
    net::TaskGroup& upkeep = core_.front()->upkeep;
    upkeep.spawn(watch_certificates(&world()));
    upkeep.spawn(rescan_queue(&world(), queue_.get()));
    upkeep.spawn(sweep_blobs(&world(), &store_->blobs()));
    upkeep.spawn(look_after_keys(&world(), keys_.get(), directory_.get()));
    upkeep.spawn(erase_removed(&world(), directory_.get(), accounts_.get(), &account_removed_));
    start_reports();
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
    suffixes_ = std::make_shared<const dmarc_check::PublicSuffixes>(dmarc_check::PublicSuffixes::load());
    make_reports();
    make_services();
    for (std::size_t i = 0; i < core_.size(); ++i) accept(*core_[i], i);
    start_upkeep();
    start_scrubbing();
    transport_ =
        std::make_unique<transport::Transport>(world(), *queue_, *store_, *directory_, transport_options());
    transport_->start();
    cores_.start();
    started_ = true;
    log_.info("started", {{"host_name", settings_.server.host_name}, {"threads", cores_.size()}});
}

net::Task<void> Program::drain(Core* core) {
    const auto deadline = core->world.after(drain_time_max);
    core->accepting.stop();
    core->upkeep.stop();
    core->closing.set();
    const bool sends = transport_ != nullptr && core == core_.front().get();
    if (sends) co_await transport_->stop(deadline);
    co_await core->connections.join(deadline);
    cut_off_ += core->connections.size();
    core->connections.stop();
    const auto end = core->world.after(stop_time_max);
    co_await core->connections.join(end);
    core->checking.stop();
    co_await core->checking.join(end);
    co_await core->accepting.join(end);
    co_await core->upkeep.join(end);
}

namespace {

// Says so when it goes, however the task that holds it ends.
struct Finished {
    std::shared_ptr<std::atomic<std::size_t>> left;
    ~Finished() {
        left->fetch_sub(1);
        left->notify_all();
    }
};

net::Task<void> finish(net::Task<void> task, std::shared_ptr<std::atomic<std::size_t>> left) {
    const Finished finished{std::move(left)};
    co_await std::move(task);
}

}  // namespace

void Program::run_on_loops(std::size_t loops, const std::function<net::Task<void>(Core*)>& work) {
    // Shared: the last task still holds it when this returns.
    const auto left = std::make_shared<std::atomic<std::size_t>>(loops);
    for (std::size_t i = 0; i < loops; ++i)
        core_[i]->world.post(
            [core = core_[i].get(), &work, left] { core->stopping.spawn(finish(work(core), left)); });
    for (std::size_t now = left->load(); now != 0; now = left->load()) left->wait(now);
}

void Program::stop() {
    log_.info("stopping", {});
    stop_scrubbing();
    run_on_loops(core_.size(), [this](Core* core) { return drain(core); });
    // Once no session is left on any loop: a session's loop is not its account's.
    run_on_loops(1, [this](Core* /*first*/) { return close_books(); });
    cores_.stop();
    started_ = false;
    log_.info("stopped", {{"cut_off", cut_off_.load()}});
}

}  // namespace heliopost
