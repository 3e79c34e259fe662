// EHLO, HELO, LHLO and STARTTLS: who the client is and what we offer it.
#include <utility>

#include "net/drain.h"
#include "server/smtp/session.h"

namespace heliopost::smtp_server {

using smtp::Extension;

smtp::Extensions Session::announced() const {
    smtp::Extensions all{Extension::pipelining, Extension::size,     Extension::eight_bit_mime,
                         Extension::smtputf8,   Extension::chunking, Extension::enhanced_status_codes};
    if (tls_offered()) all.add(Extension::starttls);
    if (service_.role == Role::submission && stream_->tls()) all.add(Extension::auth);
    return all;
}

smtp::Reply Session::hello(smtp::Verb verb, smtp::Hello argument) {
    reset();  // RFC 5321 §4.1.4: a new EHLO clears all
    hello_ = std::move(argument);
    extended_ = verb != smtp::Verb::helo;
    if (!extended_) return {250, service_.host_name};
    smtp::Capabilities offer;
    offer.domain = service_.host_name;
    offer.extensions = announced();
    offer.size_max = service_.message_octets_max;
    if (offer.extensions.has(Extension::auth)) offer.auth = {"SCRAM-SHA-256", "PLAIN", "LOGIN"};
    return smtp::ehlo_reply(offer);
}

net::Task<void> Session::start_tls() {
    co_await flush();
    // Octets behind STARTTLS were said in the clear and would be taken for encrypted ones: command
    // injection (CVE-2011-0411). RFC 3207 §4.2 has no client that sends any.
    if (!reader_.empty()) throw net::Gone("octets behind STARTTLS");
    co_await shake_hands();
    // RFC 3207 §4.2: what the client said before is forgotten.
    reset();
    hello_ = {};
    extended_ = false;
    account_.reset();
}

net::Task<void> Session::shake_hands() {
    auto tls = service_.tls ? service_.tls() : nullptr;
    if (tls == nullptr) throw net::Gone("there is no certificate");
    handshaking_ = true;
    co_await net::start_tls_unless_closing(stream_.get(), std::move(tls), within(tls_time_max),
                                           service_.closing);
    handshaking_ = false;
}

}  // namespace heliopost::smtp_server
