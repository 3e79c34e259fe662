#include "sim/sim_server.h"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "base/assert.h"
#include "net/acceptor.h"

namespace heliopost::sim {
namespace {

constexpr std::chrono::milliseconds sync_delay{3};
constexpr std::chrono::seconds teardown_time{1};

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text);
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace

// All that a crash destroys.
struct SimServer::Running {
    Running(net::MemoryWorld& w, std::shared_ptr<store::MemoryDisk> disk, const std::string& host_name)
        : world(w),
          store(w, std::move(disk), {sync_delay}),
          directory(directory::make_directory(store, w)),
          login(directory::make_login(*directory, w)),
          accounts(mailbox::make_accounts(store, {&w}, {})),
          queue(queue::make_queue(store, w.log(), {})),
          delivering{w, store, *queue, host_name},
          accepting(w, "accept"),
          connections(w, "connection") {
        mx.host_name = submission.host_name = host_name;
        submission.role = smtp_server::Role::submission;
        for (auto* service : {&mx, &submission}) {
            service->directory = directory.get();
            service->login = login.get();
            service->accounts = accounts.get();
            service->delivering = &delivering;
            service->tls = [this] { return tls; };
        }
    }

    net::MemoryWorld& world;
    store::MemoryStore store;
    std::unique_ptr<directory::Directory> directory;
    std::unique_ptr<directory::Login> login;
    std::unique_ptr<mailbox::Accounts> accounts;
    std::unique_ptr<queue::Queue> queue;
    delivery::Delivering delivering;
    // TLS is a marker here: any non-null server will do, and nothing looks into it.
    std::shared_ptr<const net::TlsServer> tls{reinterpret_cast<const net::TlsServer*>(this),
                                              [](const void*) {}};
    smtp_server::Service mx, submission;
    net::TaskGroup accepting;
    net::TaskGroup connections;
    std::unique_ptr<transport::Transport> transport;
};

SimServer::SimServer(net::MemoryNetwork& network, std::string domain, const std::string& address)
    : network_(network),
      domain_(std::move(domain)),
      address_(boost::asio::ip::make_address(address)),
      world_(&network.add_host("mx." + domain_, {address},
                               [this](LogLevel, std::string_view line) { log_.emplace_back(line); })) {
    network.zone().add_mx(domain_, 10, "mx." + domain_);
    network.zone().add_address("mx." + domain_, address);
}

SimServer::~SimServer() {
    if (running_) crash();
}

void SimServer::boot() {
    ASSERT(!running_);
    if (world_->crashed())
        world_ =
            &network_.restart(*world_, [this](LogLevel, std::string_view line) { log_.emplace_back(line); });
    running_ = std::make_unique<Running>(*world_, disk_, "mx." + domain_);
    network_.run(*world_, [](Running* running) -> net::Task<void> {
        must(co_await running->directory->load());
        must(co_await running->queue->load());
    }(running_.get()));
    if (!std::exchange(booted_before_, true)) make_accounts();
    const auto listen = [&](std::uint16_t port, const smtp_server::Service* service) {
        auto listener = must(world_->listen({address_, port, {}}, {}));
        running_->accepting.spawn(net::accept_all(world_, std::move(listener), net::ConnectionLimits({}),
                                                  &running_->connections, "smtp",
                                                  [service](std::unique_ptr<net::Stream> stream) {
                                                      return smtp_server::serve(service, std::move(stream));
                                                  }));
    };
    listen(25, &running_->mx);
    listen(587, &running_->submission);
    transport::TransportOptions options;
    options.host_name = "mx." + domain_;
    options.own_addresses = {address_};
    running_->transport = std::make_unique<transport::Transport>(*world_, *running_->queue, running_->store,
                                                                 *running_->directory, std::move(options));
    running_->transport->start();
}

void SimServer::make_accounts() {
    network_.run(*world_, [](Running* running, std::string domain) -> net::Task<void> {
        must(co_await running->directory->add_domain(domain));
        directory::NewAccount account;
        account.address = "user@" + domain;
        account.password = std::string(password);
        must(co_await running->directory->add_account(std::move(account), &mailbox::Accounts::create));
    }(running_.get(), domain_));
}

void SimServer::crash() {
    running_->store.crash();
    world_->crash();
    network_.run_for(teardown_time);  // its frames are destroyed in the next turns
    running_.reset();
}

bool SimServer::queue_is_empty() const {
    return running_ && running_->queue->counts().entries == 0;
}

net::Task<void> SimServer::read_inbox(std::string user, std::vector<std::string>* messages,
                                      std::size_t* uid_next) {
    const auto account = must(co_await running_->directory->account(std::move(user)));
    const auto mailbox = running_->accounts->open(account.id);
    const auto view = must(co_await mailbox->view(mailbox::inbox));
    *uid_next = view->status().uid_next.value;
    if (messages == nullptr) co_return;
    for (std::size_t i = 0; i < view->size(); ++i) {
        const auto emails = must(co_await mailbox->emails({view->at(i).email}));
        messages->push_back(must(co_await mailbox->read(emails.at(0), 0, store::BlobStore::read_octets_max)));
    }
}

std::vector<std::string> SimServer::inbox(const std::string& user) {
    std::vector<std::string> messages;
    std::size_t ignored = 0;
    network_.run(*world_, read_inbox(user, &messages, &ignored));
    return messages;
}

std::size_t SimServer::uid_next(const std::string& user) {
    std::size_t next = 0;
    network_.run(*world_, read_inbox(user, nullptr, &next));
    return next;
}

}  // namespace heliopost::sim
