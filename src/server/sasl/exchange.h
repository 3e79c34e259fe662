// One SASL exchange of a client, whatever the protocol around it: SMTP, IMAP, POP3.
//
// Drives proto/sasl's machine, asks directory::Login for what it needs, and sends challenges through the
// protocol's Prompt. RFC 4422.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "directory/login.h"
#include "net/task.h"
#include "net/world.h"
#include "proto/sasl/mechanism.h"

namespace heliopost::server_sasl {

// How the protocol sends a challenge and reads the answer.
class Prompt {
public:
    virtual ~Prompt() = default;
    // challenge: base64. The client's line, still in base64; Fault::syntax when it is too long.
    virtual net::Task<Result<std::string>> ask(std::string challenge) = 0;
};

struct Credentials {
    directory::Login* login = nullptr;
    net::World* world = nullptr;
    directory::LoginSource source;
};

// Fault::denied: wrong credentials; Fault::syntax: a broken or cancelled exchange; Fault::temporary.
// initial: still in base64, "=" for the empty one.
net::Task<Result<directory::Account>> authenticate(Credentials with, Prompt* prompt,
                                                   sasl::Mechanism mechanism,
                                                   std::optional<std::string> initial);

}  // namespace heliopost::server_sasl
