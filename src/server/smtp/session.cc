#include "server/smtp/session.h"

#include <utility>
#include <variant>

#include "base/text.h"

namespace heliopost::smtp_server {

using smtp::Reply;
using smtp::State;
using smtp::Verb;

namespace {

bool is_data(Verb verb) {
    return verb == Verb::data || verb == Verb::bdat || verb == Verb::bdat_last;
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

net::Task<void> Session::run() {
    if (service_.tls_from_start) {
        auto tls = service_.tls();
        co_await stream_->start_tls_server(std::move(tls), within(tls_time_max));
    }
    const char* dialect = service_.role == Role::lmtp ? " LMTP" : " ESMTP";
    co_await send({220, service_.host_name + dialect + " Heliopost"});
    while (state_ != State::closed) {
        if (!co_await read_command()) break;
        co_await answer();
    }
    co_await flush();
    stream_->close();
}

net::Task<bool> Session::read_command() {
    // Replies of a pipelined group go out together, when the client has said all it will (RFC 2920 §3.2).
    if (reader_.empty()) co_await flush();
    const auto deadline = within(command_time_max);
    for (;;) {
        const Result<bool> got = co_await reader_.read_line(&line_, smtp::auth_command_octets_max, deadline);
        if (got) co_return *got;
        co_await send({500, {5, 5, 2}, "line too long"});
    }
}

net::Task<void> Session::answer() {
    auto command = smtp::parse_command(line_, announced());
    if (!command) {
        ++errors_;
        co_await send(std::move(command).error());
        // How many octets follow a BDAT that cannot be read is not known: they must not become commands.
        if (smtp::find_verb(line_) == Verb::bdat) state_ = State::closed;
    } else if (command->verb == Verb::http) {
        // Somebody's browser was made to speak to us: no word of it is a command (ALPACA).
        co_await send({554, {5, 5, 0}, "this is no web server"});
        state_ = State::closed;
        co_return;
    } else {
        const Verb verb = command->verb;
        const auto order = smtp::check_order(state_, verb, conditions());
        if (order != smtp::Order::allowed) {
            ++errors_;
            if (auto* chunk = std::get_if<smtp::Bdat>(&command->argument)) co_await skip_chunk(chunk->size);
            co_await send(order_refusal(order));
        } else {
            const smtp::Rule rule = *smtp::find_rule(state_, verb);
            const std::vector<Reply> replies = co_await act(std::move(*command));
            bool good = true;
            for (const Reply& reply : replies) {
                good &= reply.positive();
                co_await send(reply);
            }
            if (!good) ++errors_;
            if (is_data(verb) && (rule.next == State::ready || !good)) {
                reset();
                state_ = State::ready;
            } else if (good) {
                state_ = smtp::after(state_, rule);
            }
            if (verb == Verb::starttls && good) co_await start_tls();
        }
    }
    if (errors_ > errors_max && state_ != State::closed) {
        co_await send({421, {4, 7, 0}, "too many errors"});
        state_ = State::closed;
    }
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
    if (output_.empty()) co_return;
    const std::string out = std::exchange(output_, {});
    co_await stream_->write(out, within(command_time_max));
}

}  // namespace heliopost::smtp_server
