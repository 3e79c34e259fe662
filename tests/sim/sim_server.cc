#include "sim/sim_server.h"

#include <chrono>
#include <stdexcept>

#include "base/assert.h"
#include "main/upkeep.h"
#include "net/acceptor.h"
#include "sim/actor.h"
#include "sim/ledger.h"
#include "sim/running.h"

namespace heliopost::sim {
namespace {

constexpr std::chrono::milliseconds sync_delay{3};
constexpr std::chrono::microseconds read_delay_max{2'000};
constexpr std::uint64_t disk_stream = 500;

transport::TransportOptions transport_options(const ServerPlan& plan) {
    transport::TransportOptions options;
    options.host_name = plan.host();
    options.own_addresses = {boost::asio::ip::make_address(plan.address)};
    if (plan.smart_host.empty()) return options;
    transport::SmartHost host;
    host.host = plan.smart_host;
    host.port = mx_port;
    host.require_tls = false;
    options.smart_host = std::move(host);
    return options;
}

queue::QueueOptions queue_options(transport::TransportOptions options) {
    queue::QueueOptions grouped;
    grouped.destination_of = [options = std::move(options)](std::string_view domain) {
        return transport::destination_of(options, domain);
    };
    return grouped;
}

// Hashing as it is done in production would be most of the simulation.
directory::LoginOptions login_options() {
    directory::LoginOptions options;
    options.verify = [](std::string_view given, std::string_view hash) {
        return hash != directory::dummy_hash() && given == password;
    };
    return options;
}

}  // namespace

SimServer::Running::Running(net::MemoryWorld& on, std::shared_ptr<store::MemoryDisk> disk,
                            store::MemoryStore::Options options, const ServerPlan& plan)
    : world(on),
      store(on, std::move(disk), std::move(options)),
      directory(directory::make_directory(store, on)),
      login(directory::make_login(*directory, on, login_options())),
      accounts(mailbox::make_accounts(store, {&on}, {.log_operations_max = 12})),
      transport_options(sim::transport_options(plan)),
      queue(queue::make_queue(store, on.log(), queue_options(transport_options))),
      delivering{on, store, *queue, plan.host()},
      account_removed(on),
      accepting(on, "accept"),
      connections(on, "connection"),
      upkeep(on, "upkeep") {
    submission.role = smtp_server::Role::submission;
    lmtp.role = smtp_server::Role::lmtp;
    lmtp.lmtp_from_anywhere = true;
    for (auto* service : {&mx, &submission, &lmtp}) {
        service->host_name = plan.host();
        service->message_octets_max = message_octets_max;
        service->directory = directory.get();
        service->login = login.get();
        service->accounts = accounts.get();
        service->delivering = &delivering;
        service->tls = [this] { return tls; };
    }
    imap.host_name = pop3.host_name = plan.host();
    imap.tls_from_start = pop3.tls_from_start = true;
    imap.tls = pop3.tls = [this] { return tls; };
    imap.world = pop3.world = &on;
    imap.store = &store;
    imap.login = pop3.login = login.get();
    imap.accounts = pop3.accounts = accounts.get();
    imap.searches = &searches;
}

SimServer::SimServer(net::MemoryNetwork& network, ServerPlan plan)
    : network_(network),
      plan_(std::move(plan)),
      random_(plan_.seed, disk_stream + plan_.number),
      world_(&network.add_host(plan_.host(), {plan_.address},
                               [this](LogLevel, std::string_view line) { keep_line(line); })) {
    network.zone().add_mx(plan_.domain(), 10, plan_.host());
    network.zone().add_address(plan_.host(), plan_.address);
}

SimServer::~SimServer() {
    if (running_) crash();
}

void SimServer::keep_line(std::string_view line) {
    log_.push_back({network_.tick(), std::string(line)});
}

bool SimServer::run(net::Task<void> task) {
    try {
        const bool ended = network_.run(*world_, std::move(task));
        ASSERT(ended);
    } catch (const net::Stopped&) {
        return false;
    } catch (const std::exception&) {
        if (died_) return false;
        throw;
    }
    return true;
}

bool SimServer::boot() {
    ASSERT(!running_);
    if (world_->crashed())
        world_ = &network_.restart(*world_, [this](LogLevel, std::string_view line) { keep_line(line); });
    died_ = false;
    store::MemoryStore::Options options;
    options.sync_delay = sync_delay;
    if (plan_.slow_reads) options.read_delay = [this] { return random_.up_to(read_delay_max); };
    options.died = [this] {
        died_ = true;
        network_.pause();
    };
    running_ = std::make_unique<Running>(*world_, disk_, std::move(options), plan_);
    const bool loaded = run([](Running* running) -> net::Task<void> {
        must(co_await running->directory->load());
        must(co_await running->queue->load());
    }(running_.get()));
    if (!loaded) {
        crash();
        return false;
    }
    if (!std::exchange(booted_before_, true)) make_accounts();
    listen();
    Running& on = *running_;
    on.transport = std::make_unique<transport::Transport>(*world_, *on.queue, on.store, *on.directory,
                                                          on.transport_options);
    on.transport->start();
    on.upkeep.spawn(rescan_queue(world_, on.queue.get()));
    on.upkeep.spawn(sweep_blobs(world_, &on.store.blobs()));
    on.upkeep.spawn(erase_removed(world_, on.directory.get(), on.accounts.get(), &on.account_removed));
    return true;
}

void SimServer::listen() {
    const auto on = [this](std::uint16_t port, std::string name, net::ServeConnection serve) {
        auto listener = must(world_->listen(endpoint(plan_.address, port), {}));
        running_->accepting.spawn(net::accept_all(world_, std::move(listener), net::ConnectionLimits({}),
                                                  &running_->connections, std::move(name), std::move(serve)));
    };
    const auto smtp = [&on](std::uint16_t port, const smtp_server::Service* service) {
        on(port, "smtp", [service](std::unique_ptr<net::Stream> stream) {
            return smtp_server::serve(service, std::move(stream));
        });
    };
    smtp(mx_port, &running_->mx);
    smtp(submission_port, &running_->submission);
    smtp(lmtp_port, &running_->lmtp);
    on(imap_port, "imap", [service = &running_->imap](std::unique_ptr<net::Stream> stream) {
        return imap_server::serve(service, std::move(stream));
    });
    on(pop3_port, "pop3", [service = &running_->pop3](std::unique_ptr<net::Stream> stream) {
        return pop3_server::serve(service, std::move(stream));
    });
}

void SimServer::make_accounts() {
    run([](Running* running, const ServerPlan* plan) -> net::Task<void> {
        must(co_await running->directory->add_domain(plan->domain()));
        for (int user = 1; user <= plan->users; ++user) {
            directory::NewAccount account;
            account.address = user_of(user, plan->domain());
            account.password = std::string(password);
            account.quota_octets = user == 2 ? small_quota : 0;
            account.scram = false;
            must(co_await running->directory->add_account(std::move(account), &mailbox::Accounts::create));
        }
        for (const auto& [address, targets] : aliases_of(plan->number, plan->domains, plan->users))
            must(co_await running->directory->put_alias({address, targets, false}));
    }(running_.get(), &plan_));
}

void SimServer::crash() {
    crashes_.push_back(network_.tick());
    running_->store.crash();
    world_->crash();
    network_.finish_turns();
    running_.reset();
    died_ = false;
}

bool SimServer::queue_is_empty() const {
    return running_ && running_->queue->counts().entries == 0;
}

std::size_t SimServer::connections() const {
    return running_ ? running_->connections.size() : 0;
}

std::size_t SimServer::attempts() const {
    return running_ ? running_->transport->attempts() : 0;
}

}  // namespace heliopost::sim
