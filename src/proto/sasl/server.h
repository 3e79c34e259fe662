// The server's half of a SASL exchange, as a machine that neither reads nor writes nor waits.
//
//   Server server(Mechanism::plain, nonce);
//   Step step = server.start(initial);      // then, by what the step says:
//     Challenge     send it in base64, give the decoded answer to respond()
//     NeedPassword  check it, then password_checked()
//     NeedScram     look the keys up (fake_scram_keys() for unknown users), then keys_found()
//     Done          logged in: the caller still decides whether authcid may act as authzid
//     Failed        Fault::syntax: 501 / BAD; Fault::denied: 535 / NO; the text is safe for the peer
//
// Names and passwords come out prepared with SASLprep; those that cannot be prepared (prohibited
// characters) fail as wrong credentials would. Channel binding is not offered: "y" and "n" are
// taken, "p=" is refused (RFC 5802 §6). The nonce is the caller's: at least 18 random octets in base64.
//
// One exchange an object; calling the member that the last step did not ask for is a programmer's error.
// RFC 4422, RFC 4616, RFC 5802, RFC 7677.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "proto/sasl/mechanism.h"
#include "proto/sasl/scram.h"

namespace heliopost::sasl {

struct Challenge {
    std::string text;  // not yet base64
};
struct NeedPassword {
    std::string authcid;
    std::string authzid;  // empty: the same as authcid
    std::string password;
};
struct NeedScram {
    std::string authcid;
    std::string authzid;
};
struct Done {
    std::string authcid;
    std::string authzid;  // empty: the same as authcid
};
struct Failed {
    Error error;
};
using Step = std::variant<Challenge, NeedPassword, NeedScram, Done, Failed>;

enum class PasswordCheck : std::uint8_t { right, wrong };

class Server {
public:
    Server(Mechanism mechanism, std::string nonce);

    // initial: the decoded initial response, if the client sent one.
    Step start(std::optional<std::string_view> initial);
    Step respond(std::string_view response);
    Step password_checked(PasswordCheck check);
    Step keys_found(const ScramKeys& keys);

private:
    enum class At : std::uint8_t {
        start,
        plain,
        login_name,
        login_password,
        password,
        client_first,
        keys,
        client_final,
        confirm,
        end
    };

    Step take(std::string_view response);
    Step take_plain(std::string_view message);
    Step take_login_name(std::string_view name);
    Step take_login_password(std::string_view password);
    Step take_client_first(std::string_view message);
    Step take_client_final(std::string_view message);
    Step ask_password(std::string_view authcid, std::string_view authzid, std::string_view password);
    Step end(Fault fault, std::string text);

    Mechanism mechanism_;
    At at_ = At::start;
    std::string nonce_;
    std::string authcid_;
    std::string authzid_;
    std::string gs2_header_;
    std::string client_first_bare_;
    std::string server_first_;
    ScramKeys keys_;
};

}  // namespace heliopost::sasl
