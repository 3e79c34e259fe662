#include "proto/sasl/server.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/base64.h"
#include "proto/sasl/message.h"

namespace heliopost::sasl {
namespace {

constexpr auto server_hash = ScramHash::sha256;
constexpr size_t client_nonce_octets_max = 256;

// printable = %x21-2B / %x2D-7E: RFC 5802 §7
bool is_nonce(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

// One text for everything that a wrong guess may cause, so that none tells which names exist.
constexpr const char* wrong = "authentication credentials invalid";

}  // namespace

Server::Server(Mechanism mechanism, std::string nonce) : mechanism_(mechanism), nonce_(std::move(nonce)) {
    ASSERT(is_nonce(nonce_));
}

Step Server::end(Fault fault, std::string text) {
    at_ = At::end;
    return Failed{{fault, std::move(text)}};
}

Step Server::start(std::optional<std::string_view> initial) {
    ASSERT(at_ == At::start);
    switch (mechanism_) {
        case Mechanism::plain:
            at_ = At::plain;
            break;
        case Mechanism::login:
            at_ = At::login_name;
            break;
        case Mechanism::scram_sha_256:
            at_ = At::client_first;
            break;
    }
    if (initial) return take(*initial);
    return Challenge{mechanism_ == Mechanism::login ? "Username:" : ""};
}

Step Server::respond(std::string_view response) {
    return take(response);
}

Step Server::take(std::string_view response) {
    switch (at_) {
        case At::plain:
            return take_plain(response);
        case At::login_name:
            return take_login_name(response);
        case At::login_password:
            return take_login_password(response);
        case At::client_first:
            return take_client_first(response);
        case At::client_final:
            return take_client_final(response);
        case At::confirm:
            if (!response.empty()) return end(Fault::syntax, "expected an empty response");
            at_ = At::end;
            return Done{authcid_, authzid_};
        case At::start:
        case At::password:
        case At::keys:
        case At::end:
            break;
    }
    const bool response_was_asked_for = false;
    ASSERT(response_was_asked_for);
    return Failed{};
}

// message = [authzid] UTF8NUL authcid UTF8NUL passwd: RFC 4616 §2
Step Server::take_plain(std::string_view message) {
    const size_t first = message.find('\0');
    const size_t second = first == std::string_view::npos ? first : message.find('\0', first + 1);
    if (second == std::string_view::npos || message.find('\0', second + 1) != std::string_view::npos)
        return end(Fault::syntax, "malformed PLAIN message");
    return ask_password(message.substr(first + 1, second - first - 1), message.substr(0, first),
                        message.substr(second + 1));
}

Step Server::take_login_name(std::string_view name) {
    if (name.size() > name_octets_max) return end(Fault::denied, wrong);
    authcid_ = name;
    at_ = At::login_password;
    return Challenge{"Password:"};
}

Step Server::take_login_password(std::string_view password) {
    const std::string name = std::move(authcid_);
    return ask_password(name, {}, password);
}

// What SASLprep refuses is answered as a wrong password is: RFC 4616 §2.
Step Server::ask_password(std::string_view authcid, std::string_view authzid, std::string_view password) {
    auto name = prepare(authcid);
    auto secret = prepare(password);
    auto acting = authzid.empty() ? Result<std::string>(std::string()) : prepare(authzid);
    if (!name || !secret || !acting) return end(Fault::denied, wrong);
    at_ = At::password;
    authcid_ = std::move(*name);
    authzid_ = *acting == authcid_ ? std::string() : std::move(*acting);
    return NeedPassword{authcid_, authzid_, std::move(*secret)};
}

Step Server::password_checked(PasswordCheck check) {
    ASSERT(at_ == At::password);
    if (check == PasswordCheck::wrong) return end(Fault::denied, wrong);
    at_ = At::end;
    return Done{authcid_, authzid_};
}

// client-first-message = gs2-header client-first-message-bare: RFC 5802 §7. A reserved-mext ("m=") fails, as
// it must, since no username is found.
Step Server::take_client_first(std::string_view message) {
    const auto read = [&]() -> Result<std::string_view> {
        Cursor in(message);
        auto header = TRY(take_gs2_header(in));
        client_first_bare_ = in.rest();
        authcid_ = TRY(decode_name(TRY(take_attribute(in, 'n'))));
        const auto nonce = TRY(take_attribute(in, 'r'));
        if (!is_nonce(nonce) || nonce.size() > client_nonce_octets_max)
            return fail(Fault::syntax, "malformed nonce in SCRAM message");
        gs2_header_ = std::move(header.text);
        authzid_ = std::move(header.authzid);
        return nonce;
    };
    const auto nonce = read();
    if (!nonce) return end(nonce.error().fault, nonce.error().text);
    auto name = prepare(authcid_);
    auto acting = authzid_.empty() ? Result<std::string>(std::string()) : prepare(authzid_);
    if (!name || !acting) return end(Fault::denied, wrong);
    authcid_ = std::move(*name);
    authzid_ = *acting == authcid_ ? std::string() : std::move(*acting);
    nonce_ = std::string(*nonce) + nonce_;
    at_ = At::keys;
    return NeedScram{authcid_, authzid_};
}

// server-first-message = nonce "," salt "," iteration-count
Step Server::keys_found(const ScramKeys& keys) {
    ASSERT(at_ == At::keys);
    keys_ = keys;
    server_first_ = "r=" + nonce_ + ",s=" + to_base64(keys_.salt) + ",i=" + std::to_string(keys_.iterations);
    at_ = At::client_final;
    return Challenge{server_first_};
}

// client-final-message = channel-binding "," nonce ["," extensions] "," proof
Step Server::take_client_final(std::string_view message) {
    const size_t proof_at = message.rfind(",p=");
    if (proof_at == std::string_view::npos) return end(Fault::syntax, "malformed SCRAM message");
    Cursor in(message.substr(0, proof_at));
    const auto binding = take_attribute(in, 'c');
    const auto nonce = binding ? take_attribute(in, 'r') : binding;
    const auto proof = from_base64(message.substr(proof_at + 3));
    if (!nonce || !proof) return end(Fault::syntax, "malformed SCRAM message");
    // The header comes again under the proof: nobody on the way may have changed "y" to "n".
    if (from_base64(*binding) != gs2_header_) return end(Fault::denied, wrong);
    if (!equal_in_constant_time(*nonce, nonce_)) return end(Fault::denied, wrong);
    const std::string auth_message =
        client_first_bare_ + ',' + server_first_ + ',' + std::string(message.substr(0, proof_at));
    if (!proof_is_right(server_hash, keys_.stored_key, auth_message, *proof))
        return end(Fault::denied, wrong);
    at_ = At::confirm;
    return Challenge{"v=" + to_base64(server_signature(server_hash, keys_.server_key, auth_message))};
}

}  // namespace heliopost::sasl
