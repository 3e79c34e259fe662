// Connections: sessions that are kept open a few seconds for the next message to the same destination.
//
// Not a pool that is shared: who takes one owns it. Belongs to one loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "net/event.h"
#include "net/task.h"
#include "net/task_group.h"
#include "net/world.h"
#include "transport/client.h"

namespace heliopost::transport {

inline constexpr std::size_t idle_connections_max = 100;

class Connections {
public:
    // farewells: the tasks that say QUIT. All outlive it.
    Connections(net::World& world, net::TaskGroup& farewells, std::chrono::milliseconds kept_for)
        : world_(world), farewells_(farewells), kept_for_(kept_for), changed_(world) {}

    // The youngest one of the destination; null: dial.
    std::unique_ptr<Client> take(const std::string& destination);
    // For later use.
    void keep(std::string destination, std::unique_ptr<Client> client);
    // QUIT, in a task of its own.
    void end(std::unique_ptr<Client> client);
    void end_all();

    net::Task<void> end_old();  // runs until stopped
    std::size_t idle() const { return idle_.size(); }

private:
    struct Idle {
        std::string destination;
        std::unique_ptr<Client> client;
        Instant until;
    };

    net::World& world_;
    net::TaskGroup& farewells_;
    std::chrono::milliseconds kept_for_;
    net::Event changed_;
    std::list<Idle> idle_;  // oldest first: all are kept for the same time
};

}  // namespace heliopost::transport
