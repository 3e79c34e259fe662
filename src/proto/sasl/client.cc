#include "proto/sasl/client.h"

#include <utility>

#include "base/base64.h"
#include "base/secret.h"
#include "base/text.h"
#include "proto/sasl/message.h"
#include "proto/sasl/scram.h"

namespace heliopost::sasl {
namespace {

constexpr auto hash = ScramHash::sha256;
constexpr size_t salt_octets_max = 1'024;

}  // namespace

Client::Client(Mechanism mechanism, Credentials credentials, std::string nonce)
    : mechanism_(mechanism), credentials_(std::move(credentials)), nonce_(std::move(nonce)) {}

Client::~Client() {
    wipe(credentials_.password);
}

Result<std::optional<std::string>> Client::start() {
    credentials_.authcid = TRY(prepare(credentials_.authcid));
    credentials_.password = TRY(prepare(credentials_.password));
    if (!credentials_.authzid.empty()) credentials_.authzid = TRY(prepare(credentials_.authzid));
    switch (mechanism_) {
        case Mechanism::plain: {
            at_ = At::end;
            std::string text = credentials_.authzid;
            text += '\0' + credentials_.authcid;
            text += '\0' + credentials_.password;
            return text;
        }
        case Mechanism::login:
            at_ = At::login_name;
            return std::nullopt;
        case Mechanism::scram_sha_256:
            break;
    }
    at_ = At::server_first;
    gs2_header_ = "n," + (credentials_.authzid.empty() ? "" : "a=" + encode_name(credentials_.authzid)) + ',';
    client_first_bare_ = "n=" + encode_name(credentials_.authcid) + ",r=" + nonce_;
    return gs2_header_ + client_first_bare_;
}

Result<std::string> Client::respond(std::string_view challenge) {
    switch (at_) {
        // What LOGIN's challenges say differs from server to server; only their order counts.
        case At::login_name:
            at_ = At::login_password;
            return credentials_.authcid;
        case At::login_password:
            at_ = At::end;
            return credentials_.password;
        case At::server_first:
            return take_server_first(challenge);
        case At::server_final:
            return take_server_final(challenge);
        case At::start:
        case At::end:
            break;
    }
    return fail(Fault::syntax, "unexpected challenge from the server");
}

// server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]
Result<std::string> Client::take_server_first(std::string_view message) {
    Cursor in(message);
    const auto nonce = TRY(take_attribute(in, 'r'));
    if (nonce.size() <= nonce_.size() || !nonce.starts_with(nonce_))
        return fail(Fault::denied, "the server's nonce does not continue ours");
    const auto salt = from_base64(TRY(take_attribute(in, 's')));
    const auto iterations = to_number(TRY(take_attribute(in, 'i')));
    if (!salt || salt->empty() || salt->size() > salt_octets_max)
        return fail(Fault::syntax, "bad salt from the server");
    if (!iterations || *iterations < scram_iterations_min || *iterations > scram_iterations_max)
        return fail(Fault::denied, "iteration count of the server out of bounds");

    std::string final = "c=" + to_base64(gs2_header_) + ",r=" + std::string(nonce);
    const std::string auth_message = client_first_bare_ + ',' + std::string(message) + ',' + final;
    const std::string salted =
        salted_password(hash, credentials_.password, *salt, static_cast<std::uint32_t>(*iterations));
    expected_signature_ = server_signature(hash, hmac(hash, salted, "Server Key"), auth_message);
    at_ = At::server_final;
    return final + ",p=" + to_base64(client_proof(hash, salted, auth_message));
}

// server-final-message = (server-error / verifier) ["," extensions]
Result<std::string> Client::take_server_final(std::string_view message) {
    Cursor in(message);
    const auto signature = from_base64(TRY(take_attribute(in, 'v')));
    if (!signature || !equal_in_constant_time(*signature, expected_signature_))
        return fail(Fault::denied, "the server does not know the password");
    at_ = At::end;
    return std::string();
}

Result<> Client::finish() const {
    if (at_ == At::end) return {};
    return fail(Fault::denied, "the server ended the exchange before its proof");
}

}  // namespace heliopost::sasl
