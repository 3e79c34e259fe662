// What a session's buffers hold: while it sends, between commands, in IDLE.
#include "server/imap/output.h"

#include <doctest/doctest.h>

#include "server/imap/test_client.h"

namespace heliopost::imap_server {
namespace {

constexpr std::size_t idle_octets = 1024;  // room within the strings, and a short line

// Takes everything.
class Sink final : public net::Stream {
public:
    net::Task<size_t> read_some(std::span<char> /*into*/, Deadline /*deadline*/) override { co_return 0; }
    net::Task<void> write(std::string_view octets, Deadline /*deadline*/) override {
        taken += octets.size();
        co_return;
    }
    bool has_input() override { return true; }
    net::Task<Ready> wait_readable(Deadline /*deadline*/, net::Event* /*also*/) override {
        co_return Ready::input;
    }
    net::Task<void> start_tls_server(std::shared_ptr<const net::TlsServer> /*tls*/,
                                     Deadline /*deadline*/) override {
        co_return;
    }
    net::Task<void> start_tls_client(net::TlsClient /*tls*/, Deadline /*deadline*/) override { co_return; }
    std::optional<net::TlsSession> tls() const override { return std::nullopt; }
    net::Endpoint peer() const override { return {}; }
    net::Endpoint local() const override { return {}; }
    void close() noexcept override {}

    std::size_t taken = 0;
};

}  // namespace

TEST_CASE("output: room for no more than output_octets_kept stays when all is sent, none when released") {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("imap.example", {"192.0.2.1"});
    Sink sink;
    Output out(world, sink);
    out.text().reserve(output_octets_kept);
    out.text().append(output_octets_max, 'x');
    CHECK(out.full());
    network.run(world, out.flush());
    CHECK(sink.taken == output_octets_max);
    CHECK(out.octets_held() == output_octets_kept);  // the next answers need as much
    out.text().append("more");
    out.release();
    CHECK(out.text() == "more");  // not yet sent
    network.run(world, out.flush());
    out.release();
    CHECK(out.octets_held() < idle_octets);
    out.text().append(output_octets_kept + 1, 'x');
    network.run(world, out.flush());
    CHECK(sink.taken == output_octets_max + 4 + output_octets_kept + 1);
    CHECK(out.octets_held() < idle_octets);
}

TEST_CASE("session: holds little between commands and in IDLE, after large answers and commands") {
    TestServer server;
    server.deliver("INBOX", message_with("large", std::string(100'000, 'x')), "()", 20);
    TestClient client(server);
    REQUIRE(client.run("SELECT INBOX").ok());
    REQUIRE(client.run("FETCH 1:* (BODY.PEEK[])").ok());
    CHECK(server.octets_held() < idle_octets);
    // With no wait between the commands: what IDLE finds is what the FETCH has left.
    client.send("A FETCH 1:* (BODY.PEEK[])\r\nB IDLE\r\n");
    REQUIRE(client.until("A").ok());
    CHECK(client.next().starts_with("+ "));
    server.network.run_for(std::chrono::seconds(1));
    CHECK(server.octets_held() < idle_octets);
    // And after what it tells meanwhile.
    server.deliver("INBOX", message_with("new"), "()", 2'000);
    CHECK(client.next() == "* 2020 EXISTS");
    server.network.run_for(std::chrono::seconds(1));
    CHECK(server.octets_held() < idle_octets);
    client.send("DONE\r\n");
    CHECK(client.until("B").ok());
    CHECK(server.octets_held() < idle_octets);
}

}  // namespace heliopost::imap_server
