#include "server/admin/socket.h"

#include <doctest/doctest.h>

#include "net/event.h"
#include "net/memory_world.h"
#include "net/test_listener.h"

namespace heliopost::admin {

TEST_CASE("admin socket: a client that asks nothing is let go after request_time_max, five minutes") {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("a.example", {"192.0.2.1"});
    net::Event closing(world);
    Administered of{};
    of.world = &world;
    of.closing = &closing;
    net::TestListener listener(network, world, 1, [&of](std::unique_ptr<net::Stream> stream) {
        return serve(&of, std::move(stream));
    });
    net::TestPeer client(listener);
    CHECK(client.say("{}\n").starts_with("{\"ok\":false"));
    client.hear(std::chrono::minutes(5) - std::chrono::seconds(5));
    CHECK_FALSE(client.ended());
    client.hear(std::chrono::seconds(10));
    CHECK(client.ended());
}

}  // namespace heliopost::admin
