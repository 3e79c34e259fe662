// AUTH: RFC 4954.
#include <utility>

#include "server/sasl/line_prompt.h"
#include "server/smtp/refusal.h"
#include "server/smtp/session.h"

namespace heliopost::smtp_server {

net::Task<smtp::Reply> Session::authenticate(smtp::Auth argument) {
    const auto mechanism = sasl::find_mechanism(argument.mechanism);
    if (!mechanism) co_return smtp::Reply{504, {5, 5, 4}, "mechanism not known"};
    co_await flush();
    server_sasl::LinePrompt prompt(world_, *stream_, reader_,
                                   {"334 ", server_sasl::LinePrompt::LineEnd::crlf, command_time_max});
    server_sasl::Credentials with{
        service_.login,
        &world_,
        {"submission", argument.mechanism, stream_->peer().address, stream_->tls().has_value()}};
    auto account =
        co_await server_sasl::authenticate(std::move(with), &prompt, *mechanism, argument.initial_response);
    if (account) {
        account_ = std::move(*account);
        co_return smtp::Reply{235, {2, 7, 0}, "authenticated"};
    }
    switch (account.error().fault) {
        case Fault::denied:
            co_return smtp::Reply{535, {5, 7, 8}, "wrong user name or password"};
        case Fault::syntax:
            co_return smtp::Reply{501, {5, 5, 2}, account.error().text};
        case Fault::too_large:
            co_return smtp::Reply{500, {5, 5, 6}, "the line is too long"};  // RFC 4954 §4
        default:
            co_return smtp::Reply{454, {4, 7, 0}, "temporary authentication failure"};
    }
}

}  // namespace heliopost::smtp_server
