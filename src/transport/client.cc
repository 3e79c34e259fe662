#include "transport/client.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/base64.h"

namespace heliopost::transport {

using smtp::Extension;
using Tls = ClientOptions::Tls;

Client::Client(net::World& world, std::unique_ptr<net::Stream> stream, Hop hop, ClientOptions options,
               std::shared_ptr<std::size_t> open)
    : world_(world),
      stream_(std::move(stream)),
      reader_(*stream_, read_octets),
      hop_(std::move(hop)),
      options_(std::move(options)),
      open_(std::move(open)) {
    ++*open_;
}

Client::~Client() {
    --*open_;
    stream_->close();
}

void Client::close() noexcept {
    closing_ = true;
    stream_->close();
}

void Client::give_up() noexcept {
    given_up_ = true;
    close();
}

std::string Client::reason(std::string said) const {
    return given_up_ ? "given up, as all connections were taken and this one did not move" : said;
}

net::Task<void> Client::write(std::string_view octets, Deadline deadline) {
    return stream_->write(octets, deadline);
}

net::Task<smtp::Reply> Client::read_reply(Deadline deadline) {
    return read(deadline, false);
}

net::Task<smtp::Reply> Client::read_answer(Deadline deadline) {
    return read(deadline, true);
}

net::Task<smtp::Reply> Client::read(Deadline deadline, bool cut_long) {
    smtp::ReplyParser parser;
    while (!parser.done()) {
        const bool more = co_await reader_.fill(deadline);
        if (!more) throw net::Gone("the peer closed the connection");
        const Result<std::size_t> used = parser.feed(reader_.buffered());
        if (!used) {
            std::optional<smtp::Reply> cut = cut_long ? parser.take_cut() : std::nullopt;
            if (!cut) throw net::Gone("the peer does not speak SMTP: " + used.error().text);
            close();
            co_return *std::move(cut);
        }
        reader_.consume(*used);
    }
    smtp::Reply reply = parser.take();
    if (reply.code == 421) closing_ = true;  // RFC 5321 §3.8
    co_return reply;
}

net::Task<smtp::Reply> Client::ask(std::string line, std::chrono::milliseconds wait) {
    const Deadline deadline = std::min(opened_by_, world_.after(wait));
    co_await stream_->write(line, deadline);
    smtp::Reply reply = co_await read_reply(deadline);
    co_return reply;
}

void Client::expect_no_reply() const {
    if (!reader_.empty()) throw net::Gone("the peer sent replies that were not asked for");
}

void Client::expect_quiet() {
    expect_no_reply();
    if (stream_->has_input()) throw net::Gone("the peer sent what was not asked for, or closed");
}

net::Task<std::optional<Verdict>> Client::open() {
    opened_by_ = std::min(until, world_.after(open_wait));
    std::optional<Verdict> trouble = co_await open_steps();
    opened_by_ = Deadline::max();
    ASSERT(!trouble || trouble->fate != Fate::delivered);  // no message was sent yet
    co_return trouble;
}

net::Task<std::optional<Verdict>> Client::open_steps() {
    if (options_.tls == Tls::from_start) co_await handshake();
    stage_ = "waiting for the greeting";
    const smtp::Reply greeting = co_await read_reply(std::min(opened_by_, world_.after(greeting_wait)));
    if (greeting.code != 220) co_return refusal(greeting);
    std::optional<Verdict> trouble = co_await hello();
    if (trouble) co_return trouble;
    trouble = co_await secure();
    if (trouble) co_return trouble;
    if (!options_.user.empty()) trouble = co_await log_in();
    stage_ = "idle";
    co_return trouble;
}

// RFC 5321 §3.2: HELO where EHLO is not understood.
net::Task<std::optional<Verdict>> Client::hello() {
    stage_ = "sending EHLO";
    smtp::Reply reply = co_await ask("EHLO " + options_.host_name + "\r\n", hello_wait);
    const bool extended = !reply.permanent();
    if (!extended && !closing_) {
        stage_ = "sending HELO";
        reply = co_await ask("HELO " + options_.host_name + "\r\n", hello_wait);
    }
    if (reply.code != 250) co_return refusal(reply);
    capabilities_ = extended ? smtp::parse_ehlo_reply(reply) : smtp::Capabilities();
    co_return std::nullopt;
}

net::Task<std::optional<Verdict>> Client::secure() {
    if (options_.tls == Tls::none || options_.tls == Tls::from_start) co_return std::nullopt;
    const bool required = options_.tls == Tls::required;
    if (!has(Extension::starttls)) {
        if (required) co_return temporary({4, 7, 4}, "the peer offers no STARTTLS, which is required");
        co_return std::nullopt;
    }
    stage_ = "sending STARTTLS";
    const smtp::Reply reply = co_await ask("STARTTLS\r\n", hello_wait);
    if (reply.code != 220) {
        if (!required && !closing_) co_return std::nullopt;
        Verdict refused = verdict_of(reply);
        refused.fate = Fate::temporary;
        co_return refused;
    }
    expect_no_reply();  // RFC 3207 §4.2, §6: what came in the clear could pass for replies under TLS
    co_await handshake();
    std::optional<Verdict> trouble = co_await hello();
    co_return trouble;
}

net::Task<void> Client::handshake() {
    stage_ = "in the TLS handshake";
    in_tls_ = true;
    net::TlsClient tls;
    tls.verify = options_.verify ? net::TlsClient::Verify::name : net::TlsClient::Verify::none;
    tls.server_name = hop_.name;
    tls.roots_file = options_.roots_file;
    co_await stream_->start_tls_client(std::move(tls), std::min(opened_by_, world_.after(tls_wait)));
    in_tls_ = false;
    capabilities_ = {};  // RFC 3207 §4.2: what was said in the clear is void
}

// Every failure is temporary: it is the administrator who has to mend it, not the sender.
net::Task<std::optional<Verdict>> Client::log_in() {
    stage_ = "logging in";
    if (!stream_->tls()) co_return temporary({4, 7, 11}, "no password is sent without TLS");
    const auto mechanism = sasl::choose_mechanism(capabilities_.auth);
    if (!mechanism) co_return temporary({4, 7, 4}, "the smart host offers no AUTH that we speak");
    sasl::Client sasl(
        *mechanism,
        {.authcid = options_.user, .authzid = {}, .password = std::string(options_.password.view())},
        to_base64(world_.random_octets(18)));
    const Result<std::optional<std::string>> initial = sasl.start();
    if (!initial) co_return temporary({4, 7, 8}, "cannot log in: " + initial.error().text);
    std::string line = "AUTH " + std::string(sasl::name_of(*mechanism));
    const std::optional<std::string>& first = *initial;
    if (first) line += first->empty() ? " =" : " " + to_base64(*first);  // RFC 4954 §4
    std::optional<Verdict> trouble = co_await exchange(&sasl, std::move(line));
    co_return trouble;
}

net::Task<std::optional<Verdict>> Client::exchange(sasl::Client* sasl, std::string line) {
    smtp::Reply reply = co_await ask(line + "\r\n", auth_wait);
    for (int round = 0; reply.code == 334 && round < auth_rounds_max; ++round) {
        const std::string text = reply.lines.empty() ? std::string() : reply.lines.front();
        const auto challenge = from_base64(text);
        if (!challenge) co_return temporary({4, 7, 8}, "the smart host's challenge is not base64");
        // SCRAM derives a key here, for tens of milliseconds: on the pool.
        auto [next, response] =
            co_await world_.on_pool([state = std::move(*sasl), challenge = *challenge]() mutable {
                Result<std::string> answer = state.respond(challenge);
                return std::pair(std::move(state), std::move(answer));
            });
        *sasl = std::move(next);
        if (!response) co_return temporary({4, 7, 8}, "cannot log in: " + response.error().text);
        reply = co_await ask(to_base64(*response) + "\r\n", auth_wait);
    }
    if (reply.code != 235) {
        Verdict refused = verdict_of(reply);
        refused.fate = Fate::temporary;
        co_return refused;
    }
    if (const Result<> proved = sasl->finish(); !proved)
        co_return temporary({4, 7, 8}, "the smart host did not prove itself: " + proved.error().text);
    co_return std::nullopt;
}

net::Task<void> Client::quit() {
    try {
        co_await write("QUIT\r\n", world_.after(quit_wait));
        co_await read_reply(world_.after(quit_wait));
    } catch (const net::Gone&) {
    } catch (const net::TimedOut&) {
    }
    close();
}

}  // namespace heliopost::transport
