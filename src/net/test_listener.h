// TestListener: a server's sessions on one host of a memory network, and the tasks of its clients on another.
//
// Stops and joins both when it goes: what the sessions use must outlive it. Test only.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "net/acceptor.h"
#include "net/connection_limit.h"
#include "net/memory_world.h"
#include "net/task_group.h"
#include "net/test_client.h"
#include "net/tls.h"

namespace heliopost::net {

// The memory network's TLS is a marker: the certificate is never looked at.
inline std::shared_ptr<const TlsServer> no_certificate() {
    static const char marker = 0;
    return {std::shared_ptr<const char>(&marker, [](const char*) {}),
            reinterpret_cast<const TlsServer*>(&marker)};
}

class TestListener {
public:
    TestListener(MemoryNetwork& network, MemoryWorld& world, std::uint16_t port, ServeConnection serve)
        : network_(network),
          outside_(network.add_host("client.b.example", {"192.0.2.2"})),
          at_{.address = world.addresses()[0], .port = port, .path = {}},
          sessions_(world, "sessions"),
          clients_(outside_, "clients") {
        const ConnectionLimits limits({.per_address_max = 1'000, .connections_max = 1'000});
        sessions_.spawn(accept_all(&world, std::move(*world.listen(at_, {})), limits, &sessions_, "test",
                                   std::move(serve)));
    }
    ~TestListener() {
        sessions_.stop();
        clients_.stop();
        network_.run_until([this] { return sessions_.size() + clients_.size() == 0; }, std::chrono::hours(2));
    }
    TestListener(const TestListener&) = delete;
    TestListener& operator=(const TestListener&) = delete;

    void stop_sessions() { sessions_.stop(); }
    std::size_t sessions() const { return sessions_.size(); }  // and one that accepts

private:
    friend class TestPeer;
    MemoryNetwork& network_;
    MemoryWorld& outside_;
    const Endpoint at_;
    TaskGroup sessions_;
    TaskGroup clients_;
};

// A client of it.
class TestPeer : public TestClient {
public:
    explicit TestPeer(TestListener& to) : TestClient(to.network_, to.outside_, to.at_, to.clients_) {}
};

}  // namespace heliopost::net
