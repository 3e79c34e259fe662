// The accept loop of one listener on one loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/connection_limit.h"
#include "net/stream.h"
#include "net/task.h"

namespace heliopost::net {

class TaskGroup;
class World;

using ServeConnection = std::function<Task<void>(std::unique_ptr<Stream>)>;

// Accepts until the listener closes or the task's group is stopped, and spawns serve(stream) for each
// connection in the group `connections`, which holds its place in the limits until it ends. A connection past
// a limit is told `refusal` (a line of the listener's protocol; empty for nothing, as before TLS) and closed;
// the log has one line a second at most. Where descriptors or memory run out it pauses. world and connections
// must outlive the task. name is for the log.
Task<void> accept_all(World* world, std::unique_ptr<Listener> listener, ConnectionLimits limits,
                      TaskGroup* connections, std::string name, ServeConnection serve,
                      std::string refusal = {});

// What a new connection's send buffer always takes, so that nobody is waited for.
inline constexpr std::size_t refusal_octets_max = 512;

}  // namespace heliopost::net
