#include "transport/client.h"

#include <doctest/doctest.h>

#include <utility>

#include "net/event.h"
#include "net/test_loop.h"
#include "transport/test_site.h"

namespace heliopost::transport {
namespace {

using namespace std::chrono_literals;

// A server on a real socket that answers, waits for a word, and then sends `late` or closes.
struct RealServer {
    net::TestLoop loop;
    net::TestFolder folder;
    std::shared_ptr<const net::TlsServer> tls;
    std::unique_ptr<net::Listener> listener =
        std::move(*loop.world.listen(*net::parse_endpoint("127.0.0.1:0"), {}));
    net::Event go{loop.world};
    std::string late;
    bool quiet_before = false;
    bool quiet_after = false;

    ~RealServer() { listener->close(); }
};

net::Task<void> answer(RealServer* test) {
    const std::unique_ptr<net::Stream> stream = co_await test->listener->accept();
    const Deadline deadline = test->loop.world.after(10s);
    net::LineReader reader(*stream, read_octets);
    if (test->tls) co_await stream->start_tls_server(test->tls, deadline);
    co_await stream->write("220 mx.b.example\r\n", deadline);
    std::string line;
    co_await reader.read_line(&line, 1'000, deadline);
    co_await stream->write("250 mx.b.example\r\n", deadline);
    co_await test->go.wait(deadline);
    if (test->late.empty()) co_return;
    co_await stream->write(test->late, deadline);
    co_await reader.fill(deadline);  // until the client closes
}

bool is_quiet(Client& client) {
    try {
        client.expect_quiet();
        return true;
    } catch (const net::Gone&) {
        return false;
    }
}

net::Task<void> keep(RealServer* test) {
    net::World& world = test->loop.world;
    Hop hop{.name = "mx.b.example", .at = test->listener->local()};
    auto dialled = co_await world.dial(hop.at, {}, world.after(10s));
    net::Stream* const stream = dialled.get();
    ClientOptions options;
    options.host_name = "mx.a.example";
    options.tls = test->tls ? ClientOptions::Tls::from_start : ClientOptions::Tls::none;
    Client client(world, std::move(dialled), std::move(hop), options, std::make_shared<std::size_t>(0));
    const auto trouble = co_await client.open();
    if (trouble) co_return;
    test->quiet_before = is_quiet(client);
    test->go.set();
    co_await stream->wait_readable(world.after(10s), nullptr);  // it is here, and unread
    test->quiet_after = is_quiet(client);
}

}  // namespace

TEST_CASE("client: what lies in the kernel, or that the peer closed, is seen without a read") {
    RealServer test;
    bool secure = false;
    SUBCASE("a reply too many") {
        test.late = "250 one too many\r\n";
    }
    SUBCASE("closed") {}
    SUBCASE("a reply too many, TLS") {
        test.late = "250 one too many\r\n";
        secure = true;
    }
    SUBCASE("closed, TLS") {
        secure = true;
    }
    if (secure) {
        const net::SelfSigned made = net::make_self_signed({"mx.b.example"}, 30);
        const net::CertificateFiles files{test.folder.write("a.pem", made.certificate),
                                          test.folder.write("a.key", made.key)};
        test.tls = *net::make_tls_server({files}, "smtp");
    }
    test.loop.tasks.spawn(answer(&test));
    test.loop.run(keep(&test));
    CHECK(test.quiet_before);  // under TLS tickets have come
    CHECK_FALSE(test.quiet_after);
}

TEST_CASE("transport: a kept connection with a reply too many that nobody read yet is not used") {
    Site site;
    ScriptedServer b(site.network, "mx.b.example", {"198.51.100.1"});
    site.network.zone().add_mx("b.example", 10, "mx.b.example");
    site.network.zone().add_address("mx.b.example", "198.51.100.1");
    site.options.cached_for = 1h;
    // The answer to the message fills what is read at once; the next one lies in the kernel.
    std::string reply;
    while (reply.size() < read_octets - 100) reply += "250-yes\r\n";
    reply += "250 " + std::string(read_octets - reply.size() - 6, 'y') + "\r\n";
    REQUIRE(reply.size() == read_octets);
    int messages = 0;
    b.answer = [&](const std::string& line) -> std::optional<std::string> {
        if (line == "." && ++messages == 1) return reply + "250 one too many\r\n";
        if (line.contains("eve@")) return "451 4.3.0 later\r\n";
        return std::nullopt;
    };
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty());
    REQUIRE(b.open == 1);
    const QueueId id = site.submit({"eve@b.example", "joe@b.example"});
    REQUIRE(site.until([&] { return b.taken.size() == 2 && site.transport->attempts() == 0; }, 1min));
    CHECK(b.connections == 2);
    CHECK(b.count("MAIL") == 2);
    const queue::Shown shown = site.show(id);
    REQUIRE(shown.recipients.size() == 2);
    CHECK(shown.recipients[0].state == queue::State::pending);
    CHECK(shown.recipients[1].state == queue::State::delivered);
}

}  // namespace heliopost::transport
