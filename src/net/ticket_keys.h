// TicketKeys: the keys that TLS session tickets are sealed with, in memory only and changed every hour, so
// that a stolen one opens at most three hours of sessions (RFC 9325 §3.4).
//
// Thread-safe: the loops share a service's keys.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>

namespace heliopost::net {

class TicketKeys {
public:
    static constexpr std::chrono::hours key_lifetime{1};
    static constexpr size_t keys_max = 3;  // the newest seals, the others still open

    struct Key {
        std::array<unsigned char, 16> name;
        std::array<unsigned char, 32> cipher;  // AES-256-CBC
        std::array<unsigned char, 32> mac;     // HMAC-SHA-256
        std::chrono::steady_clock::time_point made;
    };

    Key newest();
    struct Found {
        Key key;
        bool newest;
    };
    std::optional<Found> find(const unsigned char* name);

    // Lets the context seal and open tickets with these keys, which must outlive it.
    void serve(SSL_CTX* context);

private:
    void rotate();

    std::mutex mutex_;
    std::deque<Key> keys_;  // newest first
};

}  // namespace heliopost::net
