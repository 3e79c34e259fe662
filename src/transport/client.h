// Client: one SMTP session with a next hop, from its greeting to QUIT.
//
// Reads replies from a server that may be hostile: every reply is bounded (smtp::reply_octets_max,
// reply_lines_max) and every wait too. STARTTLS is opportunistic unless the options require it; octets that
// come behind its 220 in the clear are an injection and end the session. AUTH is never sent in the clear.
// The mail transaction itself is Transaction; several may follow each other on one Client.
//
// What ends the session under way throws: net::Gone (also for what is no SMTP reply), TimedOut, Stopped.
//
// RFC 5321 §3.1, §4.2, §4.5.3.2 (waits), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 2920 (pipelining).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "net/line_reader.h"
#include "net/stream.h"
#include "net/task.h"
#include "net/world.h"
#include "proto/sasl/client.h"
#include "proto/smtp/ehlo.h"
#include "proto/smtp/reply.h"
#include "transport/route.h"
#include "transport/verdict.h"

namespace heliopost::transport {

inline constexpr std::chrono::seconds dial_wait{30};
inline constexpr std::chrono::minutes greeting_wait{5};  // RFC 5321 §4.5.3.2.1
inline constexpr std::chrono::minutes hello_wait{5};     // as MAIL
inline constexpr std::chrono::minutes open_wait{5};      // all of open(): many slow replies are no better
inline constexpr std::chrono::minutes tls_wait{2};
inline constexpr std::chrono::minutes auth_wait{2};
inline constexpr std::chrono::seconds quit_wait{5};
inline constexpr std::size_t read_octets = 4 * 1024;
inline constexpr int auth_rounds_max = 4;  // SCRAM takes two

struct ClientOptions {
    enum class Tls : std::uint8_t { none, opportunistic, required, from_start };
    std::string host_name;  // in EHLO
    Tls tls = Tls::opportunistic;
    bool verify = false;  // the name and the chain
    std::string roots_file;
    std::string user;  // empty: no AUTH
    Secret password;
};

class Slot;

class Client {
public:
    // open: counts the clients alive. The World outlives it.
    Client(net::World& world, std::unique_ptr<net::Stream> stream, Hop hop, ClientOptions options,
           std::shared_ptr<std::size_t> open);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Greeting, EHLO or HELO, STARTTLS, AUTH. Nothing, or why this hop cannot be used: never
    // "delivered", whatever the peer says.
    net::Task<std::optional<Verdict>> open();
    // open() ended, by a verdict or by an exception, in the handshake.
    bool failed_in_tls() const { return in_tls_; }

    // Says QUIT and waits a little for its answer (RFC 5321 §4.1.1.10). Throws Stopped only.
    net::Task<void> quit();
    void close() noexcept;
    // For whoever does not wait any longer, while another task does: that one finds it gone.
    void give_up() noexcept;
    // Why it is gone: what the stream said, or that it was given up.
    std::string reason(std::string said) const;

    net::Task<void> write(std::string_view octets, Deadline deadline);
    net::Task<smtp::Reply> read_reply(Deadline deadline);
    // As read_reply(), but of a reply past the limits the code counts, and the session is closed after it: to
    // take the answer to a message for none would deliver that twice (RFC 1047).
    net::Task<smtp::Reply> read_answer(Deadline deadline);
    net::Task<smtp::Reply> ask(std::string line, std::chrono::milliseconds wait);  // with its CRLF
    // Nothing lies here or in the kernel that was not asked for: else the replies would be one off from here
    // on. Nor has the peer closed.
    void expect_quiet();

    const smtp::Capabilities& capabilities() const { return capabilities_; }
    bool has(smtp::Extension extension) const { return capabilities_.extensions.has(extension); }
    const Hop& hop() const { return hop_; }
    std::optional<net::TlsSession> tls() const { return stream_->tls(); }
    bool closing() const { return closing_; }  // 421 was said, or it was closed
    const char* stage() const { return stage_; }
    void set_stage(const char* stage) { stage_ = stage; }

    // For Attempt: who holds it, and until when a message's content must have been asked for.
    Slot* slot = nullptr;
    Deadline until = Deadline::max();
    // For Transaction and the cache of connections.
    bool needs_reset = false;  // a transaction was left open
    std::size_t messages = 0;  // transactions so far

private:
    void expect_no_reply() const;  // the kernel is not asked
    net::Task<smtp::Reply> read(Deadline deadline, bool cut_long);
    net::Task<std::optional<Verdict>> open_steps();
    net::Task<std::optional<Verdict>> hello();
    net::Task<std::optional<Verdict>> secure();
    net::Task<void> handshake();
    net::Task<std::optional<Verdict>> log_in();
    net::Task<std::optional<Verdict>> exchange(sasl::Client* sasl, std::string line);

    net::World& world_;
    std::unique_ptr<net::Stream> stream_;
    net::LineReader reader_;
    Hop hop_;
    ClientOptions options_;
    std::shared_ptr<std::size_t> open_;
    smtp::Capabilities capabilities_;
    const char* stage_ = "connecting";
    Deadline opened_by_ = Deadline::max();
    bool in_tls_ = false;
    bool given_up_ = false;
    bool closing_ = false;
};

}  // namespace heliopost::transport
