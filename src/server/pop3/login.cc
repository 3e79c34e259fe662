// USER, PASS, AUTH and STLS.
#include <utility>

#include "net/drain.h"
#include "server/pop3/session.h"
#include "server/sasl/line_prompt.h"

namespace heliopost::pop3_server {

bool Session::refuse_login(const Error& error) {
    if (error.fault == Fault::denied) return refuse("wrong user name or password", "AUTH");
    if (error.fault == Fault::syntax || error.fault == Fault::too_large) return refuse(error.text);
    return refuse("please try again later", "SYS/TEMP");
}

net::Task<bool> Session::password(std::string password) {
    directory::LoginSource source{"pop3", "USER", stream_->peer().address, stream_->tls().has_value()};
    auto account =
        co_await service_.login->password(&world_, user_, "", std::move(password), std::move(source));
    if (!account) co_return refuse_login(account.error());
    co_return co_await open(std::move(*account));
}

net::Task<bool> Session::authenticate(pop3::Command command) {
    const auto mechanism = sasl::find_mechanism(command.text);
    if (!mechanism) co_return refuse("mechanism not known");
    co_await flush();
    const auto left = std::chrono::floor<std::chrono::milliseconds>(login_deadline_ - world_.tick());
    server_sasl::LinePrompt prompt(world_, *stream_, reader_,
                                   {"+ ", server_sasl::LinePrompt::LineEnd::crlf_or_lf, left});
    server_sasl::Credentials with{
        service_.login, &world_, {"pop3", command.text, stream_->peer().address, stream_->tls().has_value()}};
    auto account = co_await server_sasl::authenticate(std::move(with), &prompt, *mechanism,
                                                      std::move(command.initial_response));
    if (!account) co_return refuse_login(account.error());
    co_return co_await open(std::move(*account));
}

net::Task<bool> Session::open(directory::Account account) {
    account_ = service_.accounts->open(account.id);
    lock_ = account_->take_pop3_lock();
    if (!lock_) co_return refuse("another POP3 session has this mailbox", "IN-USE");  // RFC 2449 §8.1.1
    auto view = co_await account_->view(mailbox::inbox);
    if (!view) co_return refuse("please try again later", "SYS/TEMP");
    view_ = *std::move(view);
    marked_.assign(view_->size(), false);
    co_return say(std::to_string(view_->size()) + " messages");
}

net::Task<void> Session::start_tls() {
    co_await flush();
    // What came behind STLS was said in the clear: RFC 2595 §4, CVE-2011-0411.
    if (!reader_.empty()) throw net::Gone("octets behind STLS");
    co_await shake_hands();
    user_.clear();
}

net::Task<void> Session::shake_hands() {
    auto tls = service_.tls ? service_.tls() : nullptr;
    if (tls == nullptr) throw net::Gone("there is no certificate");
    co_await net::start_tls_unless_closing(stream_.get(), std::move(tls), after(tls_time_max),
                                           service_.closing);
}

}  // namespace heliopost::pop3_server
