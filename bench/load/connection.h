// Connection: one client's stream to the server under load, with the time limits of a patient client.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "load/options.h"
#include "net/stream.h"
#include "net/world.h"

namespace heliopost::bench {

class Connection {
public:
    Connection(net::World* world, const Options* options) : world_(world), options_(options) {}

    // Dials, and starts TLS where it comes first. Throws what World::dial throws.
    net::Task<void> open();
    net::Task<void> start_tls();
    net::Task<void> write(std::string octets);
    // At least one octet. Throws Gone at the end of input.
    net::Task<std::string_view> read();
    void close();

    net::World& world() { return *world_; }
    const Options& options() const { return *options_; }

private:
    Deadline deadline() const;

    net::World* world_;
    const Options* options_;
    std::unique_ptr<net::Stream> stream_;
    std::string buffer_;
};

// The user or address with "%d" as a number.
std::string numbered(std::string text, std::uint64_t number);

}  // namespace heliopost::bench
