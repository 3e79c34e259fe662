// TestServer: one host of a memory network with a directory and mailboxes, and POP3 sessions on it; for the
// tests and fuzz targets of this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "directory/directory.h"
#include "mailbox/file.h"
#include "net/memory_world.h"
#include "net/task_group.h"
#include "net/test_client.h"
#include "proto/mime/scanner.h"
#include "server/pop3/service.h"
#include "store/memory_store.h"

namespace heliopost::pop3_server {

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
    std::unique_ptr<store::MemoryStore> store;
    std::unique_ptr<directory::Directory> directory;
    std::unique_ptr<directory::Login> login;
    std::unique_ptr<mailbox::Accounts> accounts;
    Service service;
    std::unique_ptr<net::TaskGroup> sessions;
    std::unique_ptr<net::TaskGroup> clients;
    net::Endpoint at;
    std::unique_ptr<net::Listener> listener;

    explicit TestServer(Log::Sink sink = nullptr)
        : world(&network.add_host("pop.a.example", {"192.0.2.1"}, std::move(sink))),
          outside(&network.add_host("client.b.example", {"192.0.2.2"})) {
        store = std::make_unique<store::MemoryStore>(*world);
        directory = directory::make_directory(*store, *world);
        directory::LoginOptions options;
        options.verify = [](std::string_view password, std::string_view hash) {
            return hash != directory::dummy_hash() && password == test_password;
        };
        login = directory::make_login(*directory, *world, options);
        accounts = mailbox::make_accounts(*store, {world}, {});
        service.host_name = "pop.a.example";
        service.tls = no_certificate;
        service.world = world;
        service.login = login.get();
        service.accounts = accounts.get();
        sessions = std::make_unique<net::TaskGroup>(*world, "pop3");
        clients = std::make_unique<net::TaskGroup>(*outside, "client");
        require(run(directory->load()).has_value());
        require(run(directory->add_domain("a.example")).has_value());
        at = {.address = world->addresses()[0], .port = 110, .path = {}};
        listener = std::move(*world->listen(at, {}));
        sessions->spawn(accept());
    }
    ~TestServer() {
        sessions->stop();
        clients->stop();
        require(network.run(*world, accounts->stop()));
        network.run_until([this] { return sessions->size() + clients->size() == 0; }, std::chrono::hours(2));
    }
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    static void require(bool held) { ASSERT(held); }

    template <class T>
    T run(net::Task<T> task) {
        std::optional<T> result;
        require(network.run(*world, keep_result(&result, std::move(task))));
        ASSERT(result.has_value());
        return std::move(*result);
    }

    AccountId add_account(std::string address) {
        const auto made = run(directory->add_account({std::move(address), "", test_password, 0, false},
                                                     &mailbox::Accounts::create));
        require(made.has_value());
        return made->id;
    }
    // The message stands behind a prefix of one trace field, as a delivery files it.
    static constexpr const char* trace = "Return-Path: <x@b.example>\r\n";
    void file(AccountId account, const std::string& message) {
        auto writer = store->blobs().writer(message.size());
        require(run(writer->append(message)).has_value());
        auto blob = run(writer->finish());
        require(blob.has_value());
        mailbox::NewEmail email{.blob = blob->ref,
                                .prefix = trace,
                                .received = world->now(),
                                .structure = std::make_shared<const mime::Structure>(mime::scan(message)),
                                .preview = {}};
        std::vector<store::Batch> batches;
        batches.emplace_back(store::account_partition(account));
        mailbox::file(batches[0], mailbox::inbox, email, {}, world->now(), {});
        std::vector<store::StagedBlob> blobs;
        blobs.push_back(std::move(*blob));
        require(run(store->commit(std::move(batches), std::move(blobs))).has_value());
    }
    std::shared_ptr<const mailbox::View> inbox(AccountId id) {
        auto view = run(accounts->open(id)->view(mailbox::inbox));
        require(view.has_value());
        return *view;
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

    bool begin_tls() {
        hear();
        say("STLS\r\n");
        return start_tls();
    }
    std::string log_in(const std::string& user) {
        begin_tls();
        say("USER " + user + "\r\n");
        return say(std::string("PASS ") + test_password + "\r\n", std::chrono::seconds(30));
    }
};

}  // namespace heliopost::pop3_server
