// Login: checks credentials, remembers good ones, slows guessing.
//
// Unknown users and wrong passwords cost, take and answer the same. Failed logins are delayed per account and
// per address (/64), growing to delay_max; from an address that logged in to this account with success in the
// last 30 days the right password is not delayed by others' failures. Verified passwords are remembered for 5
// minutes as an HMAC under a key of the process, dropped on change, so that only a cold login pays argon2id.
// One Login serves all loops.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "directory/directory.h"
#include "directory/password.h"
#include "net/address.h"
#include "net/task.h"
#include "net/world.h"

namespace heliopost::directory {

inline constexpr std::chrono::seconds login_delay_max{20};
inline constexpr std::chrono::minutes login_remembered{5};
inline constexpr std::size_t logins_remembered_max = 100'000;
inline constexpr std::size_t login_hashes_waiting_max = 64;  // 19 MiB each while it runs; past it temporary
inline constexpr std::size_t login_name_octets_max = 1'024;

// Where a login comes from, for delays and the log.
struct LoginSource {
    std::string service;    // "imap", "pop3", "submission"
    std::string mechanism;  // "PLAIN", "SCRAM-SHA-256", ...
    net::IpAddress address;
    bool tls = false;
};

// SCRAM keys of a user, real or, for an unknown user or one without, made up and constant.
struct ScramKeys {
    std::string salt;
    unsigned iterations = 0;
    std::string stored_key, server_key;
    bool real = false;
};

class Login {
public:
    virtual ~Login() = default;

    // Waits out the delay, then answers. Fails with Fault::denied (bad credentials, disabled, authzid of
    // another) or temporary (also when the pool has no room). Logs one line.
    virtual net::Task<Result<Account>> password(net::World* world, std::string user, std::string authorize_as,
                                                std::string password, LoginSource source) = 0;

    // At once; scram_finished() waits.
    virtual net::Task<Result<ScramKeys>> scram_keys(net::World* world, std::string user,
                                                    LoginSource source) = 0;
    // Tells whether the proof of a SCRAM exchange was good, before the client is told: waits out the delay,
    // counts, logs, and gives the account if it was good.
    virtual net::Task<Result<Account>> scram_finished(net::World* world, std::string user,
                                                      std::string authorize_as, bool good,
                                                      LoginSource source) = 0;
};

struct LoginOptions {
    // Password and hash; runs on the pool. Tests count the calls.
    std::function<bool(std::string_view password, std::string_view hash)> verify = verify_password;
    std::size_t hashes_waiting_max = login_hashes_waiting_max;
};

// world: for randomness at the start only. Delays, remembered passwords and known good addresses are of this
// process and start anew with it.
std::unique_ptr<Login> make_login(Directory& directory, net::World& world);
std::unique_ptr<Login> make_login(Directory& directory, net::World& world, LoginOptions options);

}  // namespace heliopost::directory
