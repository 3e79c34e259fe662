// A peer that sends TLS messages without octets for us, RFC 8446 §4.6.3.
#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/assert.h"
#include "net/fd_stream.h"
#include "net/openssl.h"
#include "net/test_loop.h"
#include "net/tls.h"
#include "net/tls_server.h"

using namespace std::chrono_literals;

namespace heliopost::net {
namespace {

// OpenSSL's own client on a blocking socket: shakes hands, then writes `updates` key updates and one octet.
void write_key_updates(int descriptor, int updates, int rounds) {
    const SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
    const SslPtr client(SSL_new(context.get()));
    SSL_set_fd(client.get(), descriptor);
    REQUIRE(SSL_connect(client.get()) == 1);
    for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < updates; ++i) {
            REQUIRE(SSL_key_update(client.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
            REQUIRE(SSL_do_handshake(client.get()) == 1);
        }
        const std::string octets(round + 1 < rounds ? octets_per_tls_messages : 1, 'x');
        REQUIRE(SSL_write(client.get(), octets.data(), static_cast<int>(octets.size())) > 0);
    }
}

struct Flood {
    int updates = 0;
    int rounds = 1;      // all but the last with octets_per_tls_messages behind the updates
    bool peeks = false;  // as a server does that waits for a command and for something else
    int turns = 0;       // that another task had meanwhile
    size_t octets = 0;
    std::string failure;
};

Task<void> count_turns(World* world, const bool* over, int* turns) {
    for (; !*over; ++*turns) co_await next_turn(world);
}

Task<void> read_flood(SystemWorld* world, std::shared_ptr<const TlsServer> tls, Flood* flood) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    FdStream stream(std::make_shared<Socket>(*world, ends[0]), {}, {});
    std::thread client(write_key_updates, ends[1], flood->updates, flood->rounds);
    co_await stream.start_tls_server(tls, world->after(10s));
    if (flood->rounds == 1) client.join();  // all is there before anything is read
    bool over = false;
    TaskGroup others(*world, "others");
    others.spawn(count_turns(world, &over, &flood->turns));
    std::string buffer(4096, ' ');
    const size_t wanted = octets_per_tls_messages * static_cast<size_t>(flood->rounds - 1) + 1;
    try {
        while (flood->octets < wanted) {
            if (flood->peeks) co_await stream.wait_readable(world->after(10s), nullptr);
            flood->octets += co_await stream.read_some(buffer, world->after(10s));
        }
    } catch (const Gone& gone) {
        flood->failure = gone.what();
    }
    over = true;
    co_await others.join(world->after(10s));
    if (client.joinable()) client.join();
    ::close(ends[1]);
}

Flood flood_with(Flood flood) {
    const TestFolder folder;
    const SelfSigned made = make_self_signed({"mx.a.example"}, 30);
    const auto tls =
        make_tls_server({{folder.write("a.pem", made.certificate), folder.write("a.key", made.key)}}, "smtp");
    REQUIRE(tls.has_value());
    TestLoop loop;
    loop.run(read_flood(&loop.world, *tls, &flood));
    return flood;
}

}  // namespace

TEST_CASE(
    "TLS: key updates, RFC 8446 §4.6.3: others have a turn after each, past the limit the peer is gone") {
    for (const bool peeks : {false, true}) {
        CAPTURE(peeks);
        const Flood taken = flood_with({.updates = tls_messages_max, .peeks = peeks});
        CHECK(taken.failure == "");
        CHECK(taken.octets == 1);
        CHECK(taken.turns >= tls_messages_max);
        const Flood refused = flood_with({.updates = tls_messages_max + 1, .peeks = peeks});
        CHECK(refused.failure == "TLS: a flood of handshake messages");
        CHECK(refused.octets == 0);
    }
}

TEST_CASE("TLS: octets of the application count for more key updates") {
    const Flood taken = flood_with({.updates = tls_messages_max, .rounds = 3});
    CHECK(taken.failure == "");
    CHECK(taken.octets == 2 * octets_per_tls_messages + 1);
}

}  // namespace heliopost::net
