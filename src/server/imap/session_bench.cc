// CPU seconds of single commands over a mailbox of 100,000 messages, without a client's own work.
#include <cstdio>
#include <ctime>

#include "server/imap/test_server.h"

namespace {

using namespace heliopost;
using namespace heliopost::imap_server;

// A peer that has said everything already and takes whatever it is sent.
class ScriptStream final : public net::Stream {
public:
    explicit ScriptStream(std::string script) : script_(std::move(script)) {}

    net::Task<size_t> read_some(std::span<char> into, Deadline /*deadline*/) override {
        const std::size_t count = script_.copy(into.data(), into.size());
        script_.erase(0, count);
        co_return count;
    }
    net::Task<void> write(std::string_view octets, Deadline /*deadline*/) override {
        written += octets.size();
        co_return;
    }
    net::Task<Ready> wait_readable(Deadline /*deadline*/, net::Event* /*also*/) override {
        co_return Ready::input;
    }
    bool has_input() override { return true; }
    net::Task<void> start_tls_server(std::shared_ptr<const net::TlsServer> /*tls*/, Deadline /*d*/) override {
        co_return;
    }
    net::Task<void> start_tls_client(net::TlsClient /*tls*/, Deadline /*deadline*/) override { co_return; }
    std::optional<net::TlsSession> tls() const override { return net::TlsSession{}; }
    net::Endpoint peer() const override { return {}; }
    net::Endpoint local() const override { return {}; }
    void close() noexcept override {}

    static inline std::size_t written = 0;

private:
    std::string script_;
};

double seconds_of(TestServer& server, const std::string& command) {
    const std::string script =
        "A LOGIN ann@a.example secret\r\nB SELECT INBOX\r\n" + command + "D LOGOUT\r\n";
    ScriptStream::written = 0;
    const std::clock_t before = std::clock();
    server.network.run(*server.world, serve(&server.service, std::make_unique<ScriptStream>(script)));
    return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
}

}  // namespace

int main() {
    TestServer server;
    const std::string message = message_with("a subject of some length", std::string(1500, 'y') + "\r\n");
    for (int i = 0; i < 50; ++i) server.deliver("INBOX", message, "(\\Flagged)", 2000);
    (void)seconds_of(server, "");  // the view is in memory from here on
    const double nothing = seconds_of(server, "");
    std::printf("SELECT %.4f s\n", nothing);
    for (const char* command :
         {"C FETCH 1:* FLAGS\r\n", "C UID FETCH 1:* (FLAGS)\r\n", "C STORE 1:* +FLAGS (\\Seen)\r\n",
          "C STORE 1:* -FLAGS.SILENT (\\Seen)\r\n", "C SEARCH UNSEEN\r\n",
          "C UID SEARCH RETURN (ALL) FLAGGED\r\n", "C FETCH 1:* ENVELOPE\r\n", "C SEARCH SUBJECT nowhere\r\n",
          "C SEARCH BODY nowhere\r\n"}) {
        const double took = seconds_of(server, command) - nothing;
        std::printf("%.4f s  %zu octets  %s", took, ScriptStream::written, command);
    }
}
