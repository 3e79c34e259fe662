#include "server/admin/socket.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "net/event.h"
#include "net/memory_world.h"
#include "net/test_listener.h"

namespace heliopost::admin {
namespace {

struct Socket {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("a.example", {"192.0.2.1"});
    net::Event closing{world};
    Administered of{};
    net::TestListener listener{network, world, 1, [this](std::unique_ptr<net::Stream> stream) {
                                   return serve(&of, std::move(stream));
                               }};
    Socket() {
        of.world = &world;
        of.closing = &closing;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Socket,
                  "admin socket: a client that asks nothing is let go after request_time_max, five minutes") {
    net::TestPeer client(listener);
    client.hear(std::chrono::minutes(5) - std::chrono::seconds(5));
    CHECK_FALSE(client.ended());
    client.hear(std::chrono::seconds(10));
    CHECK(client.ended());
}

TEST_CASE_FIXTURE(Socket, "admin socket: what follows a request that is not understood never becomes one") {
    const std::string octets = std::to_string(restored_octets_max + 1);
    const std::string hidden = "Subject: x\n\n{\"operation\":\"none\",\"fields\":{}}\n";
    for (const std::string& first :
         {std::string("{}"), std::string("x"), std::string(request_octets_max + 1, ' '),
          std::string(R"({"operation":"restore.message","fields":{"octets":"x"}})"),
          R"({"operation":"restore.message","fields":{"octets":")" + octets + "\"}}"}) {
        net::TestPeer client(listener);
        const std::string heard = client.say(first + "\n" + hidden);
        CHECK(heard.starts_with("{\"ok\":false"));
        CHECK(std::ranges::count(heard, '\n') == 1);
        CHECK(client.ended());
    }
    net::TestPeer client(listener);  // what is understood and fails does not
    const std::string unknown = "{\"operation\":\"none\",\"fields\":{}}\n";
    const std::string heard = client.say(unknown + unknown);
    CHECK(std::ranges::count(heard, '\n') == 2);
    CHECK_FALSE(client.ended());
}

}  // namespace heliopost::admin
