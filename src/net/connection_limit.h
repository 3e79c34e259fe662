// ConnectionLimits: how many connections there may be at once, of one address and in all.
//
// A handle; copies share the count. Thread-safe: the loops share one. Addresses count by limit_key, so that
// the /64 of an IPv6 user is one. A flood costs one small map entry for each address that holds a connection.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/address.h"

namespace heliopost::net {

class ConnectionLimits {
    struct State;

public:
    struct Options {
        size_t per_address_max = 50;  // Postfix: smtpd_client_connection_count_limit
        size_t connections_max = 10'000;
    };

    explicit ConnectionLimits(Options options);

    // A place for one connection, given back when it goes.
    class Token {
    public:
        Token(Token&&) noexcept = default;
        Token& operator=(Token&&) = delete;
        ~Token();

    private:
        friend class ConnectionLimits;
        Token(std::shared_ptr<State> state, std::string key)
            : state_(std::move(state)), key_(std::move(key)) {}
        std::shared_ptr<State> state_;
        std::string key_;
    };

    // Nothing when either limit is reached. Unix sockets count in all only: give them a nullptr.
    std::optional<Token> take(const IpAddress* address) const;
    size_t size() const;

    // For what comes from now on; nobody who has a place loses it.
    void change(Options options) const;

private:
    std::shared_ptr<State> state_;
};

}  // namespace heliopost::net
