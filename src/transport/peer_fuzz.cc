// A next hop that says any octets at any step: the attempt ends in time, nothing is recorded as delivered
// without a 2xx after the message, and no password goes out in the clear.
//
// The first octet chooses the route and the message; then what the peer says, "|" between: the greeting, and
// an answer to each batch of octets that it is sent. "TLS" is no text: the peer begins TLS there. After the
// last one it closes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "net/task_group.h"
#include "net/test_listener.h"
#include "queue/queue.h"
#include "store/test_host.h"
#include "transport/transport.h"

namespace {

using namespace heliopost;
using namespace std::chrono_literals;

struct Peer {
    std::vector<std::string> script;
    std::size_t at = 0;  // over all connections
    std::string heard_in_the_clear;
    net::World* world = nullptr;
};

net::Task<void> talk(Peer* peer, std::unique_ptr<net::Stream> stream) {
    std::string buffer(16 * 1024, '\0');
    const Deadline end = peer->world->after(30min);
    for (bool greets = true; peer->at < peer->script.size();) {
        const std::string words = peer->script[peer->at++];
        if (words == "TLS" && !stream->tls()) {
            co_await stream->start_tls_server(net::no_certificate(), end);
            if (greets) continue;  // it speaks first
        } else {
            co_await stream->write(words, end);
        }
        greets = false;
        // What is read now would be the front of the handshake.
        if (peer->at < peer->script.size() && peer->script[peer->at] == "TLS" && !stream->tls()) continue;
        const std::size_t count = co_await stream->read_some(buffer, end);
        if (count == 0) co_return;
        if (!stream->tls()) peer->heard_in_the_clear.append(buffer, 0, count);
    }
}

net::Task<void> accept_all(Peer* peer, net::Listener* listener) {
    for (;;) {
        std::unique_ptr<net::Stream> stream = co_await listener->accept();
        try {
            co_await talk(peer, std::move(stream));
        } catch (const net::Gone&) {
            continue;
        } catch (const net::TimedOut&) {
            continue;
        }
    }
}

// International: with SMTPUTF8, 8BITMIME and DSN in it.
queue::NewEntry entry_of(store::TestHost& host, queue::Queue& queue, const store::StagedBlob& blob,
                         bool international) {
    queue::NewEntry entry;
    entry.id = queue.next_id(*host.world);
    entry.created = host.world->now();
    entry.expiry = entry.created + 24h;
    entry.blob = blob.ref;
    entry.prefix = "Received: by mx.a.example\r\n";
    for (const char* to : {"ann@b.example", "bob@b.example"})
        entry.recipients.push_back({smtp::parse_address(to).value(), {}, std::nullopt});
    if (!international) return entry;
    entry.reverse_path = smtp::parse_address("ann@a.example").value();
    entry.smtputf8 = entry.body_8bit = true;
    entry.ret = smtp::Return::headers;
    entry.envelope_id = "x";
    for (const char* to : {"j\u00FCrg@b.example", "c@b\u00FC.example"})
        entry.recipients.push_back(
            {smtp::parse_address(to).value(), {}, smtp::OriginalRecipient{"rfc822", to}});
    return entry;
}

void must(bool holds) {
    if (!holds) std::abort();
}

transport::TransportOptions options_of(std::uint8_t route) {
    transport::TransportOptions options;
    options.host_name = "mx.a.example";
    if (route % 4 == 0) return options;
    options.smart_host = transport::SmartHost{.host = "mx.b.example",
                                              .port = 25,
                                              .tls_from_start = route % 4 == 2,
                                              .require_tls = route % 4 != 3,
                                              .user = "user",
                                              .password = Secret("hunter2")};
    return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size < 2 || size > 4'000) return 0;
    store::TestHost host("a.example", {"192.0.2.1"}, [](LogLevel, std::string_view) {});
    auto& far = host.network.add_host("mx.b.example", {"198.51.100.1"}, [](LogLevel, std::string_view) {});
    host.network.zone().add_mx("b.example", 10, "mx.b.example");
    host.network.zone().add_address("mx.b.example", "198.51.100.1");
    Peer peer;
    peer.world = &far;
    for (const auto words : split({reinterpret_cast<const char*>(data) + 1, size - 1}, '|'))
        peer.script.emplace_back(words);
    const auto options = options_of(data[0]);
    const auto listener = std::move(far.listen(net::parse_endpoint(":25").value(), {}).value());
    net::TaskGroup listening(far, "peer");
    listening.spawn(accept_all(&peer, listener.get()));

    const auto directory = directory::make_directory(*host.store, *host.world);
    must(host.run(directory->load()).has_value());
    const auto destination = [&options](std::string_view domain) {
        return transport::destination_of(options, domain);
    };
    const auto queue = queue::make_queue(*host.store, host.world->log(), {.destination_of = destination});
    must(host.run(queue->load()).has_value());
    const auto writer = host.store->blobs().writer(1'000);
    const bool international = (data[0] & 4) != 0;
    must(
        host.run(writer->append(international ? "Subject: \u00FC\r\n\r\n.dot" : "Subject: x\r\n\r\n.dot\r\n"))
            .has_value());
    std::vector<store::StagedBlob> staged;
    staged.push_back(host.run(writer->finish()).value());
    queue::NewEntry entry = entry_of(host, *queue, staged[0], international);
    const QueueId id = entry.id;
    std::vector<store::Batch> batches;
    const auto added = queue::add(batches.emplace_back(store::queue_partition), std::move(entry));
    must(added.has_value());
    must(host.run(host.store->commit(std::move(batches), std::move(staged))).has_value());
    queue->added(*added);
    transport::Transport transport(*host.world, *queue, *host.store, *directory, options);
    transport.start();
    host.network.run_for(1s);
    must(host.network.run_until([&] { return transport.attempts() == 0; }, 2h));

    const auto shown = host.run(queue->show(id));
    std::string said;
    for (std::size_t i = 0; i < peer.at; ++i) said += peer.script[i];
    if (shown) {
        for (const auto& one : shown->recipients)
            if (one.state == queue::State::delivered) must(said.contains('2'));
    } else {
        must(said.find_first_of("25") != std::string::npos);  // all delivered, or failed without a sender
    }
    must(!peer.heard_in_the_clear.contains("aHVudGVyMg") && !peer.heard_in_the_clear.contains("hunter2"));
    host.run_task(transport.stop(host.world->after(1s)));
    listening.stop();
    must(host.network.run_until([&] { return listening.size() == 0; }, 1min));
    return 0;
}
