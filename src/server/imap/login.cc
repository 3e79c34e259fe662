// STARTTLS, LOGIN and AUTHENTICATE.
#include <utility>

#include "base/base64.h"
#include "net/drain.h"
#include "server/imap/session.h"
#include "server/sasl/exchange.h"

namespace heliopost::imap_server {
namespace {

class AuthPrompt : public server_sasl::Prompt {
public:
    using Ask = std::function<net::Task<Result<std::string>>(std::string)>;
    explicit AuthPrompt(Ask ask) : ask_(std::move(ask)) {}
    net::Task<Result<std::string>> ask(std::string challenge) override { return ask_(std::move(challenge)); }

private:
    Ask ask_;
};

}  // namespace

Completion Session::start_tls() {
    if (stream_->tls()) return bad("TLS is on already");
    if (!service_.tls || service_.tls() == nullptr)
        return refused(imap::code::unavailable, "TLS is not available");
    tls_wanted_ = true;
    return completed({}, "begin TLS");
}

net::Task<void> Session::begin_tls() {
    tls_wanted_ = false;
    co_await out_.flush();
    // What came behind STARTTLS was said in the clear: RFC 9051 §11.1, CVE-2021-33515.
    if (!input_.empty()) throw net::Gone("octets behind STARTTLS");
    auto tls = service_.tls();
    co_await net::start_tls_unless_closing(stream_.get(), std::move(tls), after(tls_time_max),
                                           service_.closing);
    revision_ = imap::Revision::rev1;
    condstore_ = qresync_ = false;
    reader_ = imap::CommandReader(reader_limits());
}

net::Task<Completion> Session::login(imap::command::Login argument) {
    if (!stream_->tls()) co_return refused(imap::code::privacy_required, "use TLS first");
    directory::LoginSource source{"imap", "LOGIN", stream_->peer().address, true};
    auto account = co_await service_.login->password(&world_, std::move(argument.user), "",
                                                     std::move(argument.password), std::move(source));
    co_return logged_in(std::move(account));
}

net::Task<Completion> Session::authenticate(imap::command::Authenticate argument) {
    if (!stream_->tls()) co_return refused(imap::code::privacy_required, "use TLS first");
    const auto mechanism = sasl::find_mechanism(argument.mechanism);
    if (!mechanism) co_return refused(imap::code::cannot, "mechanism not known");
    // The parser has decoded the initial response; the exchange takes it as SASL writes it.
    std::optional<std::string> initial;
    if (argument.initial) initial = argument.initial->empty() ? "=" : to_base64(*argument.initial);
    AuthPrompt prompt([this](std::string challenge) { return challenge_client(std::move(challenge)); });
    server_sasl::Credentials with{
        service_.login, &world_, {"imap", argument.mechanism, stream_->peer().address, true}};
    auto account =
        co_await server_sasl::authenticate(std::move(with), &prompt, *mechanism, std::move(initial));
    co_return logged_in(std::move(account));
}

net::Task<Result<std::string>> Session::challenge_client(std::string challenge) {
    imap::append_continuation(out_.text(), challenge);
    co_return co_await read_response_line();
}

net::Task<Result<std::string>> Session::read_response_line() {
    using Event = imap::CommandReader::Event;
    reader_.expect_line();
    co_await out_.flush();
    const auto deadline = after(command_time_max);
    for (;;) {
        if (!co_await input_.fill(deadline)) throw net::Gone("closed within a command");
        const auto got = reader_.feed(input_.buffered());
        input_.consume(got.taken);
        if (got.event == Event::line) co_return std::string(reader_.text());
        if (got.event == Event::bad) co_return std::unexpected(reader_.error());
    }
}

Completion Session::logged_in(Result<directory::Account> account) {
    if (!account) {
        ++login_errors_;
        if (account.error().fault == Fault::denied)
            return refused(imap::code::authentication_failed, "wrong user name or password");
        return refusal(account.error());
    }
    login_ = std::make_unique<const directory::Account>(*std::move(account));
    account_ = service_.accounts->open(login_->id);
    stage_ = Stage::authenticated;
    out_.end_by(Deadline::max());
    reader_.set_limits(reader_limits());
    return completed(imap::code::capability(capabilities()), "logged in");
}

}  // namespace heliopost::imap_server
