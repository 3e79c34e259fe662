// TestServer: one host of a memory network with a directory, mailboxes and a queue, and SMTP sessions on it;
// for the tests and fuzz targets of this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "net/memory_world.h"
#include "net/task_group.h"
#include "net/test_client.h"
#include "server/smtp/service.h"
#include "store/memory_store.h"

namespace heliopost::smtp_server {

inline constexpr const char* test_password = "correct horse";

template <class T>
net::Task<void> keep_result(std::optional<T>* result, net::Task<T> task) {
    T value = co_await std::move(task);
    result->emplace(std::move(value));
}

// The memory network's TLS is a marker: the certificate is never looked at.
inline std::shared_ptr<const net::TlsServer> no_certificate() {
    static const char marker = 0;
    return {std::shared_ptr<const char>(&marker, [](const char*) {}),
            reinterpret_cast<const net::TlsServer*>(&marker)};
}

struct TestServer {
    net::MemoryNetwork network{1};
    net::MemoryWorld* world;
    net::MemoryWorld* outside;
    std::shared_ptr<store::MemoryDisk> disk = std::make_shared<store::MemoryDisk>();
    std::unique_ptr<store::MemoryStore> store;
    std::unique_ptr<directory::Directory> directory;
    std::unique_ptr<directory::Login> login;
    std::unique_ptr<mailbox::Accounts> accounts;
    std::unique_ptr<queue::Queue> queue;
    std::unique_ptr<delivery::Delivering> delivering;
    Service service;
    std::unique_ptr<net::TaskGroup> sessions;
    std::unique_ptr<net::TaskGroup> clients;
    net::Endpoint at;
    std::unique_ptr<net::Listener> listener;
    int logins = 0;  // passwords that were verified

    explicit TestServer(Role role = Role::mx, Log::Sink sink = nullptr)
        : world(&network.add_host("mx.a.example", {"192.0.2.1", "2001:db8::1"}, std::move(sink))),
          outside(&network.add_host("client.b.example", {"192.0.2.2"})) {
        store = std::make_unique<store::MemoryStore>(*world, disk, store::MemoryStore::Options{});
        directory = directory::make_directory(*store, *world);
        directory::LoginOptions options;
        options.verify = [this](std::string_view password, std::string_view hash) {
            ++logins;
            return hash != directory::dummy_hash() && password == test_password;
        };
        login = directory::make_login(*directory, *world, options);
        accounts = mailbox::make_accounts(*store, {world}, {});
        queue = queue::make_queue(*store, world->log(), {});
        delivering = std::make_unique<delivery::Delivering>(*world, *store, *queue, "mx.a.example");
        service.role = role;
        service.host_name = "mx.a.example";
        service.lmtp_from_anywhere = true;
        service.tls = no_certificate;
        service.directory = directory.get();
        service.login = login.get();
        service.accounts = accounts.get();
        service.delivering = delivering.get();
        sessions = std::make_unique<net::TaskGroup>(*world, "smtp");
        clients = std::make_unique<net::TaskGroup>(*outside, "client");
        require(run(directory->load()).has_value());
        require(run(queue->load()).has_value());
        require(run(directory->add_domain("a.example")).has_value());
        at = {.address = world->addresses()[0], .port = 25, .path = {}};
        listener = std::move(*world->listen(at, {}));
        sessions->spawn(accept());
    }
    ~TestServer() {
        sessions->stop();
        clients->stop();
        run_task(accounts->stop());
        network.run_until([this] { return sessions->size() + clients->size() == 0; }, std::chrono::hours(2));
    }
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    static void require(bool held) { ASSERT(held); }

    template <class T>
    T run(net::Task<T> task) {
        std::optional<T> result;
        require(network.run(*world, keep_result(&result, std::move(task)), std::chrono::hours(2)));
        ASSERT(result.has_value());
        return std::move(*result);
    }
    void run_task(net::Task<void> task) { require(network.run(*world, std::move(task))); }

    // SCRAM keys cost 100,000 iterations: only where a test logs in with them.
    AccountId add_account(std::string address, std::uint64_t quota_octets = 0, bool scram = false) {
        const auto made = run(directory->add_account(
            {std::move(address), "", test_password, quota_octets, scram}, &mailbox::Accounts::create));
        require(made.has_value());
        return made->id;
    }
    void add_alias(std::string address, std::vector<std::string> targets) {
        require(run(directory->put_alias({std::move(address), std::move(targets), false})).has_value());
    }

    // What stands in the account's INBOX: prefix and blob of each message.
    std::vector<std::string> inbox(AccountId id) {
        const auto account = accounts->open(id);
        const auto view = run(account->view(mailbox::inbox));
        require(view.has_value());
        std::vector<std::string> out;
        for (std::size_t i = 0; i < (*view)->size(); ++i) {
            const auto emails = run(account->emails({(*view)->at(i).email}));
            require(emails.has_value() && emails->size() == 1 && emails->front() != nullptr);
            std::string text;
            while (text.size() < emails->front()->octets()) {
                const auto piece = run(account->read(emails->front(), text.size(), store::chunk_octets));
                require(piece.has_value() && !piece->empty());
                text += *piece;
            }
            out.push_back(std::move(text));
        }
        return out;
    }
    std::size_t inbox_size(AccountId id) {
        const auto view = run(accounts->open(id)->view(mailbox::inbox));
        require(view.has_value());
        return (*view)->size();
    }
    std::vector<queue::Shown> queued() {
        auto all = run(queue->list({}));
        require(all.has_value());
        return std::move(*all);
    }

private:
    net::Task<void> accept() {
        for (;;) {
            auto stream = co_await listener->accept();
            sessions->spawn(serve(&service, std::move(stream)));
        }
    }
};

class TestClient : public net::TestClient {
public:
    explicit TestClient(TestServer& server)
        : net::TestClient(server.network, *server.outside, server.at, *server.clients) {}
};

}  // namespace heliopost::smtp_server
