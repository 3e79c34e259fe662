// Draining: a server that is told to stop lets each session finish the command it is at, and tells the others
// at once.
//
// `closing` is an Event of the session's loop that is set once, when the server begins to drain; null where
// nothing ever does. A session waits for its next command with it (LineReader::fill, Stream::wait_readable)
// and within a command without. What is still there when the time is up is stopped by its TaskGroup.
#pragma once

#include <memory>

#include "net/event.h"
#include "net/stream.h"
#include "net/task.h"

namespace heliopost::net {

inline bool is_closing(const Event* closing) {
    return closing != nullptr && closing->is_set();
}

// Stream::start_tls_server, given up when the server drains: nothing could be said within a handshake, so the
// stream is closed. Throws Gone then, or Stopped where it was set before. stream and closing outlive it.
Task<void> start_tls_unless_closing(Stream* stream, std::shared_ptr<const TlsServer> tls, Deadline deadline,
                                    Event* closing);

}  // namespace heliopost::net
