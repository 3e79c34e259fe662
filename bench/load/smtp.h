// SMTP and LMTP load: messages over several connections, each pipelined as the server allows.
//
// RFC 5321, RFC 2033 (LMTP: a reply for each recipient), RFC 2920 (pipelining), RFC 4954 (AUTH PLAIN).
#pragma once

#include "load/report.h"
#include "net/world.h"

namespace heliopost::bench {

enum class SmtpKind : std::uint8_t { smtp, lmtp };

// Sends options->count messages; the recipients take turns.
net::Task<void> send_messages(net::World* world, const Options* options, SmtpKind kind, Report* report);

}  // namespace heliopost::bench
