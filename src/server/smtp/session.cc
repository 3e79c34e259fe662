#include "server/smtp/session.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include "base/planted.h"
#include "base/text.h"

namespace heliopost::smtp_server {

using smtp::Reply;
using smtp::State;
using smtp::Verb;

namespace {

bool is_data(Verb verb) {
    return verb == Verb::data || verb == Verb::bdat || verb == Verb::bdat_last;
}

// Commands that bring no message nearer.
bool is_idle(Verb verb) {
    switch (verb) {
        case Verb::noop:
        case Verb::rset:
        case Verb::vrfy:
        case Verb::expn:
        case Verb::help:
        case Verb::ehlo:
        case Verb::helo:
        case Verb::lhlo:
            return true;
        default:
            return false;
    }
}

// Loopback, or no address at all: a Unix socket.
bool is_this_machine(const net::IpAddress& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).is_loopback();
    return address.is_loopback() || address.is_unspecified();
}

Reply order_refusal(smtp::Order order) {
    switch (order) {
        case smtp::Order::unknown:
            return {500, {5, 5, 1}, "command not known here"};
        case smtp::Order::tls_first:
            return {530, {5, 7, 0}, "must issue STARTTLS first"};
        case smtp::Order::authenticate_first:
            return {530, {5, 7, 0}, "authentication required"};
        case smtp::Order::allowed:
        case smtp::Order::bad_sequence:
            break;
    }
    return {503, {5, 5, 1}, "bad sequence of commands"};
}

}  // namespace

net::Task<void> serve(const Service* service, std::unique_ptr<net::Stream> stream) {
    Session session(service, std::move(stream));
    co_await session.run();
}

Session::Session(const Service* service, std::unique_ptr<net::Stream> stream)
    : service_(*service),
      world_(service->delivering->world),
      stream_(std::move(stream)),
      reader_(*stream_, read_buffer_octets) {}

Deadline Session::within(std::chrono::microseconds time) const {
    return world_.after(time);
}

bool Session::tls_offered() const {
    return service_.tls && !stream_->tls() && service_.tls() != nullptr;
}

smtp::Conditions Session::conditions() const {
    const bool submission = service_.role == Role::submission;
    return {.lmtp = service_.role == Role::lmtp,
            .tls = stream_->tls().has_value(),
            .tls_required = submission,
            .authenticated = account_.has_value(),
            .auth_required = submission};
}

smtp::Order Session::order_of(Verb verb) const {
    if (verb == Verb::auth && service_.role != Role::submission) return smtp::Order::unknown;
    return smtp::check_order(state_, verb, conditions());
}

net::Task<void> Session::run() {
    std::exception_ptr reason;
    bool late = false;  // RFC 5321 §4.5.3.2.7: the client; §3.8 lets us say so
    try {
        co_await talk();
    } catch (const net::Stopped&) {
        reason = std::current_exception();
    } catch (const net::Overloaded&) {
        reason = std::current_exception();
    } catch (const net::TimedOut&) {
        reason = std::current_exception();
        late = true;
    }
    if (!reason) co_return;
    // A client that takes nothing is told nothing; half a reply may be on its way, too.
    if (!handshaking_ && !(late && writing_)) {
        if (late)
            co_await send({421, {4, 4, 2}, service_.host_name + " waited too long, closing"});
        else
            co_await send({421, {4, 3, 2}, service_.host_name + " is closing, please try again"});
        co_await write_out(within(late ? goodbye_time_max : command_time_max));
    }
    std::rethrow_exception(reason);
}

net::Task<void> Session::talk() {
    if (service_.tls_from_start) co_await shake_hands();
    if (service_.role == Role::lmtp && !service_.lmtp_from_anywhere &&
        !is_this_machine(stream_->peer().address)) {
        co_await send({554, {5, 7, 1}, "LMTP is for this machine only"});
        state_ = State::closed;
    } else {
        const char* dialect = service_.role == Role::lmtp ? " LMTP" : " ESMTP";
        co_await send({220, service_.host_name + dialect + " Heliopost"});
    }
    while (state_ != State::closed) {
        const bool more = co_await read_command();
        if (!more) break;
        co_await answer();
    }
    co_await flush();
    stream_->close();
}

net::Task<bool> Session::read_command() {
    // Replies of a pipelined group go out together, once no whole command is waiting (RFC 2920 §3.2).
    if (!reader_.buffered().contains('\n')) co_await flush();
    const auto deadline = within(command_time_max);
    const Result<bool> got =
        co_await reader_.read_line(&line_, smtp::auth_command_octets_max, deadline, service_.closing);
    if (got) co_return *got;
    // What the line was is lost, and so whether octets that are no commands follow it.
    co_await send({500, {5, 5, 2}, "line too long"});
    co_return false;
}

std::expected<smtp::Command, Reply> Session::read_line() {
    const bool whole = line_.ends_with("\r\n");
    line_.resize(line_.size() - (whole ? 2 : 1));
    // RFC 5321 §2.3.8: a bare LF ends no line, or two servers would see different commands.
    if (!whole && smtp::find_verb(line_) != Verb::http)
        return std::unexpected(Reply{500, {5, 5, 2}, "lines end with CRLF"});
    return smtp::parse_command(line_, announced());
}

net::Task<void> Session::answer() {
    auto command = read_line();
    if (!command) {
        ++errors_;
        co_await send(std::move(command).error());
        // How many octets follow a BDAT that cannot be read is not known: they must not become commands.
        if (smtp::find_verb(trim(line_)) == Verb::bdat) state_ = State::closed;
    } else if (command->verb == Verb::http) {
        // Somebody's browser was made to speak to us: no word of it is a command (ALPACA).
        co_await send({554, {5, 5, 0}, "this is no web server"});
        state_ = State::closed;
    } else if (const auto order = order_of(command->verb); order != smtp::Order::allowed) {
        ++errors_;
        if (auto* chunk = std::get_if<smtp::Bdat>(&command->argument)) co_await skip_chunk(chunk->size);
        co_await send(order_refusal(order));
    } else {
        co_await carry_out(*std::move(command));
    }
    if (out_of_step_) state_ = State::closed;
    if (errors_ > errors_max && state_ != State::closed) {
        co_await send({421, {4, 7, 0}, "too many errors"});
        state_ = State::closed;
    }
    if (refused_recipients_ > refused_recipients_max && state_ != State::closed) {
        co_await send({421, {4, 5, 3}, "too many recipients were refused"});
        state_ = State::closed;
    }
}

net::Task<void> Session::carry_out(smtp::Command command) {
    const Verb verb = command.verb;
    const smtp::Rule rule = *smtp::find_rule(state_, verb);
    const std::vector<Reply> replies = co_await act(std::move(command));
    bool good = true;
    bool permanent = false;
    for (const Reply& reply : replies) {
        good &= reply.positive();
        permanent |= reply.permanent();
    }
    if (verb == Verb::rcpt && permanent) co_await slow_down();
    for (const Reply& reply : replies) co_await send(reply);
    count(verb, good, permanent);
    if (is_data(verb) && (rule.next == State::ready || !good)) {
        if (good || !planted("forgotten reset after a failed BDAT")) reset();
        state_ = State::ready;
    } else if (good) {
        state_ = smtp::after(state_, rule);
    }
    if (verb == Verb::starttls && good) co_await start_tls();
}

// Who only asks, or whom nothing is granted, is sent away; a message that was accepted makes up for it. What
// is refused for now is no fault of the client, and LMTP's client is a queue that passes others' faults on.
void Session::count(Verb verb, bool good, bool permanent) {
    if (permanent && service_.role != Role::lmtp) ++errors_;
    if (verb == Verb::rcpt && !good) ++refused_recipients_;
    if (is_idle(verb) && ++idle_commands_ > idle_commands_max) ++errors_;
    if (good && (verb == Verb::data || verb == Verb::bdat_last)) {
        errors_ = 0;
        idle_commands_ = 0;
        refused_recipients_ = 0;
    }
}

// Who guesses names waits longer for each answer, accepted messages and new connections in between or not.
// Not our users, nor LMTP's one client.
net::Task<void> Session::slow_down() {
    if (service_.role == Role::lmtp || account_) co_return;
    ++unknown_recipients_;
    if (service_.guesses != nullptr && stream_->peer().path.empty())
        unknown_recipients_ =
            std::max(unknown_recipients_,
                     static_cast<int>(service_.guesses->add(stream_->peer().address, world_.tick())));
    const int over = unknown_recipients_ - unknown_recipients_free;
    if (over <= 0) co_return;
    std::chrono::milliseconds delay = unknown_delay_first;
    for (int n = 1; n < over && delay < unknown_delay_max; ++n) delay *= 2;
    co_await flush();
    co_await world_.sleep_until(within(std::min<std::chrono::milliseconds>(delay, unknown_delay_max)));
}

net::Task<std::vector<Reply>> Session::act(smtp::Command command) {
    std::vector<Reply> replies;
    switch (command.verb) {
        case Verb::helo:
        case Verb::ehlo:
        case Verb::lhlo:
            replies.push_back(hello(command.verb, std::get<smtp::Hello>(std::move(command.argument))));
            break;
        case Verb::auth:
            replies.push_back(co_await authenticate(std::get<smtp::Auth>(std::move(command.argument))));
            break;
        case Verb::mail:
            replies.push_back(co_await mail(std::get<smtp::Mail>(std::move(command.argument))));
            break;
        case Verb::rcpt:
            replies.push_back(co_await recipient(std::get<smtp::Rcpt>(std::move(command.argument))));
            break;
        case Verb::data:
            replies = co_await data();
            break;
        case Verb::bdat:
        case Verb::bdat_last:
            replies = co_await chunk(std::get<smtp::Bdat>(command.argument));
            break;
        case Verb::rset:
            reset();
            replies.push_back(say(command.verb));
            break;
        default:
            replies.push_back(say(command.verb));
            break;
    }
    co_return replies;
}

// The commands that only talk.
Reply Session::say(Verb verb) const {
    switch (verb) {
        case Verb::starttls:
            if (!tls_offered()) return {454, {4, 7, 0}, "TLS not available"};
            return {220, {2, 0, 0}, "ready to start TLS"};
        case Verb::quit:
            return {221, {2, 0, 0}, service_.host_name + " closing connection"};
        case Verb::vrfy:
            return {252, {2, 0, 0}, "send some mail, I will try my best"};  // tells nothing: RFC 5321 §7.3
        case Verb::expn:
            return {502, {5, 5, 1}, "lists are not shown"};
        case Verb::help:
            return {214, {2, 0, 0}, "see RFC 5321"};
        default:
            return {250, {2, 0, 0}, "ok"};
    }
}

net::Task<void> Session::send(Reply reply) {
    output_ += smtp::format(reply);
    if (output_.size() >= output_octets_max) co_await flush();
}

net::Task<void> Session::flush() {
    return write_out(within(command_time_max));
}

net::Task<void> Session::write_out(Deadline deadline) {
    if (output_.empty()) co_return;
    const std::string out = std::exchange(output_, {});
    writing_ = true;
    co_await stream_->write(out, deadline);
    writing_ = false;
}

}  // namespace heliopost::smtp_server
