// For this folder's tests: a sending site with real store, directory and queue in a memory network, and
// scripted servers, friendly and hostile, to send to.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailbox/account.h"
#include "net/line_reader.h"
#include "net/task_group.h"
#include "proto/smtp/address.h"
#include "queue/queue.h"
#include "store/test_host.h"
#include "transport/transport.h"

namespace heliopost::transport {

using namespace std::chrono_literals;

// What a scripted server took.
struct Taken {
    std::string mail;
    std::vector<std::string> rcpts;  // those it accepted
    std::string content;             // dot-stuffed, as it came, without the final dot
    bool tls = false;
    std::size_t connection = 0;
    net::IpAddress from;
};

class ScriptedServer {
public:
    ScriptedServer(net::MemoryNetwork& network, std::string name, std::vector<std::string> addresses,
                   std::uint16_t port = 25);
    ~ScriptedServer();

    // Asked before the default answer for each line ("" is the greeting, "." the end of a message, "354" what
    // DATA says). Nothing: the default. "drop": closes. Else raw octets to send.
    using Answer = std::function<std::optional<std::string>(const std::string& line)>;
    Answer answer;
    std::vector<std::string> extensions{"PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 1000000"};
    bool tls_from_start = false;
    bool breaks_tls = false;

    std::vector<std::string> lines;  // every command, of all connections
    std::vector<Taken> taken;
    std::size_t connections = 0;
    std::size_t open = 0;
    std::size_t open_most = 0;

    std::size_t count(std::string_view start) const;  // lines that start so
    net::MemoryWorld& world;

private:
    net::Task<void> serve_all();
    net::Task<void> serve(std::unique_ptr<net::Stream> stream);
    net::Task<bool> converse(net::Stream* stream, net::LineReader* reader, std::string line, Taken* now,
                             bool* tls);
    net::Task<void> take_content(net::LineReader* reader, Taken* now);
    std::string ehlo(bool tls) const;

    net::MemoryNetwork& network_;
    std::unique_ptr<net::Listener> listener_;
    net::TaskGroup tasks_;
};

struct Site : store::TestHost {
    TransportOptions options;
    std::unique_ptr<directory::Directory> directory = directory::make_directory(*store, *world);
    std::unique_ptr<queue::Queue> queue;
    std::unique_ptr<Transport> transport;

    explicit Site(std::vector<std::string> addresses = {"192.0.2.1"});
    ~Site();
    void start();
    void stop(std::chrono::seconds within = 10s);

    // Queues a message from ann@a.example; change may alter the entry.
    QueueId submit(std::vector<std::string> recipients, std::string content = "Subject: hi\r\n\r\nhello\r\n",
                   const std::function<void(queue::NewEntry&)>& change = nullptr);
    queue::Shown show(QueueId id);
    bool gone(QueueId id);
    bool until(const std::function<bool()>& predicate, std::chrono::microseconds limit = 1h) {
        return network.run_until(predicate, limit);
    }
    // Runs until nothing is left in the queue.
    bool until_empty(std::chrono::microseconds limit = 1h);
    // Adds the account ann@a.example; then what its INBOX holds.
    AccountId add_ann();
    std::vector<std::string> inbox(AccountId account);
    bool logged(std::string_view text) const;
    std::string log_line(std::string_view text) const;  // the last one with it
};

}  // namespace heliopost::transport
