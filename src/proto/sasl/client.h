// The client's half of a SASL exchange, for smart hosts and for tests; no I/O.
//
//   Client client(Mechanism::scram_sha_256, {"ann", "", "secret"}, nonce);
//   initial = client.start();  then respond(challenge) for each challenge, then finish() upon success
//
// finish() is not a formality: a server that says "success" without having proved that it knows the
// password is refused (RFC 5802 §5). RFC 4616, RFC 5802, RFC 7677.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proto/sasl/mechanism.h"

namespace heliopost::sasl {

struct Credentials {
    std::string authcid;
    std::string authzid;  // empty: the same as authcid
    std::string password;
};

class Client {
public:
    Client(Mechanism mechanism, Credentials credentials, std::string nonce);
    ~Client();  // wipes the password
    Client(Client&&) = default;
    Client& operator=(Client&&) = default;

    // The initial response, not yet base64; nothing where the server speaks first (LOGIN).
    Result<std::optional<std::string>> start();
    Result<std::string> respond(std::string_view challenge);
    Result<> finish() const;

private:
    enum class At : std::uint8_t { start, login_name, login_password, server_first, server_final, end };

    Result<std::string> take_server_first(std::string_view message);
    Result<std::string> take_server_final(std::string_view message);

    Mechanism mechanism_;
    At at_ = At::start;
    Credentials credentials_;
    std::string nonce_;
    std::string gs2_header_;
    std::string client_first_bare_;
    std::string expected_signature_;
};

}  // namespace heliopost::sasl
