// The admin socket: a Unix socket on which the commands reach the running server.
//
// Who may connect is decided by the socket's permissions: its owner and group (and root).
#pragma once

#include <memory>
#include <string>

#include "net/stream.h"
#include "net/task.h"
#include "net/world.h"
#include "server/admin/message.h"
#include "server/admin/operations.h"
#include "server/admin/restore.h"

namespace heliopost::admin {

// Answers requests until the client closes, or sends what is no request: that ends the connection.
net::Task<void> serve(Administered* of, std::unique_ptr<net::Stream> stream);

// One request after the other to the server behind the socket. After a failed one it is of no more use.
class Conversation {
public:
    // Throws net::Gone when none listens.
    static net::Task<std::unique_ptr<Conversation>> dial(net::World* world, std::string socket_path);
    ~Conversation();
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    // octets: what follows the request's line (restore.h); null: nothing.
    net::Task<Result<Answer>> ask(Request request, OctetSource* octets);

private:
    struct Parts;
    explicit Conversation(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

// One request to the server behind the socket. Throws net::Gone when none listens.
net::Task<Result<Answer>> ask(net::World* world, std::string socket_path, Request request);

}  // namespace heliopost::admin
