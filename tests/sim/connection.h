// Connection: a client's octets to and from a server, with one patience for every wait.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "net/line_reader.h"
#include "net/memory_world.h"
#include "net/stream.h"
#include "net/task.h"

namespace heliopost::sim {

// Throws Gone, TimedOut or Stopped as a Stream does.
class Connection {
public:
    Connection(net::MemoryWorld* world, std::chrono::seconds wait_at_most)
        : world_(*world), patience_(wait_at_most) {}

    net::Task<void> open(net::Endpoint to, bool tls);
    net::Task<void> start_tls();
    net::Task<void> write(std::string octets);
    net::Task<std::string> line();                         // without its CRLF
    net::Task<std::string> read();                         // what came, at least an octet
    net::Task<bool> wait(std::chrono::microseconds time);  // false: nothing came
    // SMTP and LMTP: the code of the whole reply; its last line in `last`.
    net::Task<int> reply(std::string* last = nullptr);
    void close() { stream_.reset(); }
    net::MemoryWorld& world() { return world_; }

private:
    net::MemoryWorld& world_;
    std::chrono::seconds patience_;
    std::unique_ptr<net::Stream> stream_;
    std::unique_ptr<net::LineReader> reader_;
};

}  // namespace heliopost::sim
