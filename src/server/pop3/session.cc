#include "server/pop3/session.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/planted.h"

namespace heliopost::pop3_server {

using pop3::State;
using pop3::Verb;

net::Task<void> serve(const Service* service, std::unique_ptr<net::Stream> stream) {
    Session session(service, std::move(stream));
    co_await session.run();
}

Session::Session(const Service* service, std::unique_ptr<net::Stream> stream)
    : service_(*service),
      world_(*service->world),
      stream_(std::move(stream)),
      reader_(*stream_, read_buffer_octets),
      login_deadline_(world_.after(login_time_max)) {}

bool Session::tls_offered() const {
    return service_.tls && !stream_->tls() && service_.tls() != nullptr;
}

// A password never goes over the wire in the clear, from loopback neither.
bool Session::clear_text_refused() const {
    return !stream_->tls();
}

bool Session::say(std::string_view text) {
    output_ += pop3::ok(text);
    return true;
}

bool Session::refuse(std::string_view text, std::string_view code) {
    output_ += pop3::error(text, code);
    return false;
}

net::Task<void> Session::run() {
    std::exception_ptr reason;
    try {
        co_await talk();
    } catch (const net::Stopped&) {
        reason = std::current_exception();
    }
    if (!reason) co_return;
    // Only between commands: within a message it would be taken for a part of it.
    if (waiting_) {
        refuse("the server is going down", "SYS/TEMP");  // RFC 3206 §3
        co_await flush();
    }
    std::rethrow_exception(reason);
}

net::Task<void> Session::talk() {
    if (service_.tls_from_start) co_await shake_hands();
    say(service_.host_name + " Heliopost POP3");
    while (state_ != State::closed) {
        const bool more = co_await read_command();
        if (!more) break;
        co_await answer();
        if (errors_ <= errors_max) continue;
        refuse("too many errors", "SYS/TEMP");
        break;
    }
    if (planted("POP3 removes without QUIT") && state_ == pop3::State::transaction) co_await quit();
    co_await flush();
    stream_->close();
}

Deadline Session::after(std::chrono::seconds wait) const {
    const auto deadline = world_.after(wait);
    return view_ == nullptr ? std::min(deadline, login_deadline_) : deadline;
}

net::Task<bool> Session::read_command() {
    // What was pipelined is answered together: RFC 2449 §6.6.
    if (!reader_.buffered().contains('\n')) co_await flush();
    // What does not wait is looked at too: commands that come without a pause.
    if (view_ == nullptr && world_.tick() >= login_deadline_) throw net::TimedOut();
    const auto deadline = after(idle_time_max);
    waiting_ = true;
    const Result<bool> got =
        co_await reader_.read_line(&line_, pop3::auth_command_octets_max, deadline, service_.closing);
    waiting_ = false;
    if (got) co_return *got;
    refuse("line too long");
    co_return false;
}

net::Task<void> Session::answer() {
    // Deviates from RFC 1939 §3 by taking a bare LF for a line's end: nothing that follows depends on it.
    line_.resize(line_.size() - (line_.ends_with("\r\n") ? 2 : 1));
    auto command = pop3::parse_command(line_);
    if (!command) {
        ++errors_;
        refuse(command.error().text);
        co_return;
    }
    const Verb verb = command->verb;
    const pop3::Rule* rule = pop3::find_rule(state_, verb);
    if (rule == nullptr) {
        ++errors_;
        refuse("not now");
        co_return;
    }
    // No AUTH code (RFC 3206 §4): it is not the password that is wrong.
    if (!rule->before_tls && clear_text_refused()) {
        ++errors_;
        refuse("use STLS first");
        co_return;
    }
    const bool done = co_await act(std::move(*command));
    if (!done && state_ != State::transaction) ++errors_;  // there a message may be gone, nobody's fault
    if (done) state_ = pop3::after(state_, *rule);
    if (!done && verb == Verb::pass) state_ = State::authorization;  // RFC 1939 §7
    if (done && verb == Verb::stls) co_await start_tls();
    if (state_ == State::update) state_ = State::closed;
}

net::Task<bool> Session::act(pop3::Command command) {
    switch (command.verb) {
        case Verb::user:
            user_ = std::move(command.text);
            co_return say("give the password");
        case Verb::pass:
            co_return co_await password(std::move(command.text));
        case Verb::auth:
            co_return co_await authenticate(std::move(command));
        case Verb::stls:
            co_return tls_offered() ? say("begin TLS") : refuse("TLS is not available");
        case Verb::capa:
            co_return capabilities();
        case Verb::stat:
            co_return stat();
        case Verb::list:
            co_return co_await list(command.message);
        case Verb::uidl:
            co_return co_await unique_ids(command.message);
        case Verb::retr:
            co_return co_await retrieve(command.message.value_or(0), pop3::MultiLineEncoder::all_lines);
        case Verb::top:
            co_return co_await retrieve(command.message.value_or(0), command.lines);
        case Verb::dele:
            co_return mark(command.message.value_or(0));
        case Verb::noop:
            co_return say("still here");
        case Verb::rset:
            marked_.assign(marked_.size(), false);
            co_return say("nothing is marked");
        case Verb::quit:
            co_return co_await quit();
    }
    co_return refuse("not known");
}

// RFC 2449 §6; AUTH-RESP-CODE of RFC 3206.
bool Session::capabilities() {
    say("what this server can do");
    output_ += "TOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n";
    if (tls_offered()) output_ += "STLS\r\n";
    if (!clear_text_refused()) output_ += "USER\r\nSASL SCRAM-SHA-256 PLAIN LOGIN\r\n";
    output_ += "IMPLEMENTATION Heliopost\r\n.\r\n";
    return true;
}

net::Task<void> Session::put(std::string_view octets) {
    output_ += octets;
    if (output_.size() >= output_octets_max) co_await flush();
}

net::Task<void> Session::flush() {
    if (output_.empty()) co_return;
    const std::string out = std::exchange(output_, {});
    co_await stream_->write(out, after(write_time_max));
}

}  // namespace heliopost::pop3_server
