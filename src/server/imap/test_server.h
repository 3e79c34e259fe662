// TestServer and TestClient: IMAP sessions over a memory network and a memory store, for tests and the
// fuzzer.
//
// The client reads all the time unless told not to, and cuts what comes into responses, each of which must
// be readable to our own client side (proto/imap/response.h). Test only.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delivery/incoming.h"
#include "mailbox/account.h"
#include "net/memory_world.h"
#include "net/task_group.h"
#include "proto/sasl/scram.h"
#include "server/imap/search_line.h"
#include "server/imap/service.h"
#include "server/imap/session.h"
#include "store/memory_store.h"

namespace heliopost::imap_server {

// Knows ann@a.example, whose password is "secret".
class TestLogin final : public directory::Login {
public:
    net::Task<Result<directory::Account>> password(net::World* /*world*/, std::string user,
                                                   std::string /*authorize_as*/, std::string password,
                                                   directory::LoginSource /*source*/) override {
        if (user != name || password != "secret") co_return fail(Fault::denied, "wrong");
        co_return account();
    }
    net::Task<Result<directory::ScramKeys>> scram_keys(net::World* /*world*/, std::string user,
                                                       directory::LoginSource /*source*/) override {
        const bool real = user == name;
        co_return directory::ScramKeys{keys.salt, keys.iterations, keys.stored_key, keys.server_key, real};
    }
    net::Task<Result<directory::Account>> scram_finished(net::World* /*world*/, std::string /*user*/,
                                                         std::string /*authorize_as*/, bool good,
                                                         directory::LoginSource /*source*/) override {
        if (!good) co_return fail(Fault::denied, "wrong");
        co_return account();
    }

    static constexpr std::string_view name = "ann@a.example";
    std::uint64_t quota_octets = 0;
    const sasl::ScramKeys& keys = known_keys();

private:
    static const sasl::ScramKeys& known_keys() {
        static const sasl::ScramKeys keys = sasl::derive_scram_keys("secret", "saltsaltsaltsalt", 4096);
        return keys;
    }
    directory::Account account() const {
        directory::Account account;
        account.id = AccountId{7};
        account.address = name;
        account.quota_octets = quota_octets;
        return account;
    }
};

// Notes how much a session has held back to say: it says all in one write.
class WatchedStream final : public net::Stream {
public:
    WatchedStream(std::unique_ptr<net::Stream> stream, std::size_t* largest_write)
        : stream_(std::move(stream)), largest_write_(largest_write) {}

    net::Task<size_t> read_some(std::span<char> into, Deadline deadline) override {
        return stream_->read_some(into, deadline);
    }
    net::Task<void> write(std::string_view octets, Deadline deadline) override {
        *largest_write_ = std::max(*largest_write_, octets.size());
        return stream_->write(octets, deadline);
    }
    net::Task<Ready> wait_readable(Deadline deadline, net::Event* also) override {
        return stream_->wait_readable(deadline, also);
    }
    bool has_input() override { return stream_->has_input(); }
    net::Task<void> start_tls_server(std::shared_ptr<const net::TlsServer> tls, Deadline deadline) override {
        return stream_->start_tls_server(std::move(tls), deadline);
    }
    net::Task<void> start_tls_client(net::TlsClient tls, Deadline deadline) override {
        return stream_->start_tls_client(std::move(tls), deadline);
    }
    std::optional<net::TlsSession> tls() const override { return stream_->tls(); }
    net::Endpoint peer() const override { return stream_->peer(); }
    net::Endpoint local() const override { return stream_->local(); }
    void close() noexcept override { stream_->close(); }

private:
    std::unique_ptr<net::Stream> stream_;
    std::size_t* largest_write_;
};

class TestServer {
public:
    explicit TestServer(bool tls_from_start = true) {
        store::Batch batch(store::account_partition(ann));
        mailbox::Accounts::create(batch, world->now());
        if (!run(store.commit(std::move(batch)))) throw std::runtime_error("no account");
        accounts = mailbox::make_accounts(store, {world}, {});
        service.host_name = "imap.example";
        service.tls_from_start = tls_from_start;
        service.message_octets_max = 1U << 20;
        // Streams of memory never look at it.
        static const char marker = 0;
        service.tls = [] {
            return std::shared_ptr<const net::TlsServer>(std::shared_ptr<void>(),
                                                         reinterpret_cast<const net::TlsServer*>(&marker));
        };
        service.world = world;
        service.store = &store;
        service.login = &login;
        service.accounts = accounts.get();
        service.searches = &searches;
        listener_ = *world->listen(address(), {});
        sessions_ = std::make_unique<net::TaskGroup>(*world, "imap");
        sessions_->spawn(accept_all(this));
    }
    ~TestServer() {
        stop();
        network.run(*world, accounts->stop());
    }
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    net::Endpoint address() const { return {boost::asio::ip::make_address("192.0.2.1"), 143, {}}; }
    std::shared_ptr<mailbox::Account> account() { return accounts->open(ann); }

    // Files a message without a session. Line ends are the caller's.
    imap::UidSet deliver(const std::string& mailbox, const std::string& message,
                         const std::string& flags = "()", std::size_t copies = 1) {
        return run(file(this, mailbox, message, flags, copies));
    }

    // As on shutdown.
    void stop() {
        sessions_->stop();
        network.run_until([this] { return sessions_->size() == 0; }, std::chrono::minutes(1));
    }
    std::size_t sessions() const { return sessions_->size() - 1; }
    // By the buffers of all sessions.
    std::size_t octets_held() const {
        std::size_t octets = 0;
        for (const Session* session : open_) octets += session->octets_held();
        return octets;
    }

    template <class T>
    T run(net::Task<T> task) {
        std::optional<T> result;
        if (!network.run(*world, keep(&result, std::move(task))) || !result)
            throw std::runtime_error("the task did not end");
        return std::move(*result);
    }

    static constexpr AccountId ann{7};
    net::MemoryNetwork network{1};
    net::MemoryWorld* world = &network.add_host("imap.example", {"192.0.2.1"});
    net::MemoryWorld* elsewhere = &network.add_host("client.example", {"192.0.2.2"});
    std::shared_ptr<store::MemoryDisk> disk = std::make_shared<store::MemoryDisk>();
    store::MemoryStore store{*world, disk, store::MemoryStore::Options{}};
    std::unique_ptr<mailbox::Accounts> accounts;
    TestLogin login;
    SearchLine searches{*world};
    Service service;
    std::size_t largest_write = 0;  // of any session

private:
    template <class T>
    static net::Task<void> keep(std::optional<T>* result, net::Task<T> task) {
        T value = co_await std::move(task);
        result->emplace(std::move(value));
    }
    static net::Task<void> accept_all(TestServer* server) {
        for (;;) {
            auto stream = co_await server->listener_->accept();
            auto watched = std::make_unique<WatchedStream>(std::move(stream), &server->largest_write);
            server->sessions_->spawn(serve_watched(server, std::move(watched)));
        }
    }
    // As serve() does.
    static net::Task<void> serve_watched(TestServer* server, std::unique_ptr<net::Stream> stream) {
        Session session(&server->service, std::move(stream));
        const Listed listed(&server->open_, &session);
        co_await session.run();
    }
    static net::Task<imap::UidSet> file(TestServer* server, std::string mailbox, std::string message,
                                        std::string flags, std::size_t copies) {
        delivery::Incoming incoming(server->store, 10U << 20);
        co_await incoming.append(message);
        auto whole = co_await incoming.finish();
        mailbox::NewEmail email;
        email.blob = whole.value().blob.ref;
        email.received = server->world->now();
        email.structure = whole->structure;
        Cursor in(flags);
        auto parsed = imap::parse_flag_list(in);
        const auto account = server->account();
        const auto found = co_await account->find(std::move(mailbox));
        std::vector<mailbox::NewEmail> emails(copies, email);
        std::vector<store::StagedBlob> blobs;
        blobs.push_back(std::move(whole->blob));
        const auto done = co_await account->append(found.value().id, std::move(emails), std::move(blobs),
                                                   std::move(parsed.value()), {});
        co_return done.value().uids;
    }

    // A session that is there, for as long as this lives.
    struct Listed {
        Listed(std::set<const Session*>* in, const Session* session) : open(in), one(session) {
            open->insert(one);
        }
        ~Listed() { open->erase(one); }
        Listed(const Listed&) = delete;
        Listed& operator=(const Listed&) = delete;
        std::set<const Session*>* open;
        const Session* one;
    };

    std::set<const Session*> open_;
    std::unique_ptr<net::Listener> listener_;
    std::unique_ptr<net::TaskGroup> sessions_;
};

// A message with CRLF line ends.
inline std::string message_with(std::string_view subject, std::string_view body = "Hello.\r\n") {
    return "From: Ann <ann@a.example>\r\nTo: bob@b.example\r\nSubject: " + std::string(subject) +
           "\r\nDate: Mon, 7 Feb 1994 21:52:25 -0800\r\nMessage-ID: <1@a.example>\r\n\r\n" +
           std::string(body);
}

}  // namespace heliopost::imap_server
