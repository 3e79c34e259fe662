// TestServer: one host with accounts, a queue and SMTP sessions, for the tests and fuzz targets of this
// folder.
#pragma once

#include <utility>

#include "delivery/test_world.h"
#include "net/test_listener.h"
#include "server/smtp/service.h"

namespace heliopost::smtp_server {

inline constexpr const char* test_password = mailbox::TestMailHost::password;

struct TestServer : delivery::TestDelivery {
    Service service;
    net::TestListener listener;

    explicit TestServer(Role role = Role::mx, Log::Sink sink = nullptr, queue::QueueOptions options = {})
        : TestDelivery(std::move(sink), std::move(options)),
          listener(network, *world, 25, [this](std::unique_ptr<net::Stream> stream) {
              return serve(&service, std::move(stream));
          }) {
        service.role = role;
        service.host_name = "mx.a.example";
        service.lmtp_from_anywhere = true;
        service.tls = net::no_certificate;
        service.directory = directory.get();
        service.login = login.get();
        service.accounts = accounts.get();
        service.delivering = delivering.get();
    }
};

class TestClient : public net::TestPeer {
public:
    explicit TestClient(TestServer& server) : TestPeer(server.listener) {}
};

}  // namespace heliopost::smtp_server
