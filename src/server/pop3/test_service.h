// TestServer: one host with accounts and POP3 sessions, for the tests and fuzz targets of this folder.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mailbox/file.h"
#include "mailbox/test_mail_host.h"
#include "net/test_listener.h"
#include "proto/mime/scanner.h"
#include "server/pop3/service.h"

namespace heliopost::pop3_server {

inline constexpr const char* test_password = mailbox::TestMailHost::password;

struct TestServer : mailbox::TestMailHost {
    Service service;
    net::TestListener listener;

    explicit TestServer(Log::Sink sink = nullptr)
        : TestMailHost("pop.a.example", std::move(sink)),
          listener(network, *world, 110, [this](std::unique_ptr<net::Stream> stream) {
              return serve(&service, std::move(stream));
          }) {
        service.host_name = "pop.a.example";
        service.tls = net::no_certificate;
        service.world = world;
        service.login = login.get();
        service.accounts = accounts.get();
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
                                .preview = {},
                                .verdicts = {}};
        std::vector<store::Batch> batches;
        batches.emplace_back(store::account_partition(account));
        mailbox::file(batches[0], mailbox::inbox, email, {}, world->now(), {});
        std::vector<store::StagedBlob> blobs;
        blobs.push_back(std::move(*blob));
        require(run(store->commit(std::move(batches), std::move(blobs))).has_value());
    }
};

class TestClient : public net::TestPeer {
public:
    explicit TestClient(TestServer& server) : TestPeer(server.listener) {}

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
