// Stream: octets to and from one peer, over TCP, TLS, a Unix socket or memory.
//
// Owned by one task of one loop. Every wait has a deadline: past it TimedOut is thrown, and the
// stream is good only for closing. A peer that is gone throws Gone, a stopped task group Stopped.
// At most one read and one write may wait at a time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/address.h"
#include "net/task.h"
#include "net/tls.h"

namespace heliopost::net {

class Event;

class Stream {
public:
    enum class Ready { input, event };

    virtual ~Stream() = default;

    // Reads at least one octet and at most into.size(); 0 means that the peer ended in order.
    virtual Task<size_t> read_some(std::span<char> into, Deadline deadline) = 0;

    // Writes all octets, which must live until it returns. This is the back-pressure: it returns when the
    // kernel has taken them.
    virtual Task<void> write(std::string_view octets, Deadline deadline) = 0;

    // Waits without a buffer until a read would give something (input, end or error), or until the event
    // is set, if one is given: what IDLE and an idle connection wait in.
    virtual Task<Ready> wait_readable(Deadline deadline, Event* also) = 0;

    // Whether a read would give something now, without a wait: octets, the end or an error. What is of TLS
    // alone, as a ticket, is no input. Throws Gone where there is too much of that.
    virtual bool has_input() = 0;

    // Turns this stream to TLS in place. The caller makes sure that it has read no octet past the command
    // that asked for it (RFC 3207 §4.2). A failed handshake throws Gone with the reason, after which the
    // stream is closed; for a client the caller decides beforehand what it will accept (TlsClient).
    virtual Task<void> start_tls_server(std::shared_ptr<const TlsServer> tls, Deadline deadline) = 0;
    virtual Task<void> start_tls_client(TlsClient tls, Deadline deadline) = 0;

    virtual std::optional<TlsSession> tls() const = 0;  // nothing before TLS
    virtual Endpoint peer() const = 0;
    virtual Endpoint local() const = 0;

    // Sends close_notify if TLS, without waiting, then closes. Safe to call twice.
    virtual void close() noexcept = 0;
};

// Listening sockets give streams.
class Listener {
public:
    virtual ~Listener() = default;
    // Throws Stopped, Gone when closed, and std::system_error where descriptors or memory ran out: pause,
    // then go on (acceptor.h does).
    virtual Task<std::unique_ptr<Stream>> accept() = 0;
    virtual Endpoint local() const = 0;
    virtual void close() noexcept = 0;
};

}  // namespace heliopost::net
