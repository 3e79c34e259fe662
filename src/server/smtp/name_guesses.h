// NameGuesses: how many recipients were refused for good to each address of late, whatever sessions it made:
// who guesses names in a thousand connections waits as long as in one.
//
// Counts by net::limit_key. Safe on any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/time.h"
#include "directory/bounded_table.h"
#include "net/address.h"

namespace heliopost::smtp_server {

inline constexpr std::size_t guessing_addresses_max = 100'000;  // about 10 MB; the longest quiet is forgotten
inline constexpr std::uint32_t guesses_counted_max = 100;       // all is forgotten in as many minutes
inline constexpr std::chrono::minutes guess_forgotten{1};       // one each, from the last one on

class NameGuesses {
public:
    // secret: random octets of this process.
    explicit NameGuesses(std::string secret, std::size_t addresses_max = guessing_addresses_max)
        : secret_(std::move(secret)), table_(addresses_max) {}

    // One more; how many there are with it.
    std::uint32_t add(const net::IpAddress& client, Instant now);

private:
    struct Guesses {
        std::uint32_t count = 0;
        Instant last{};
    };
    const std::string secret_;
    std::mutex mutex_;
    directory::BoundedTable<Guesses> table_;
};

}  // namespace heliopost::smtp_server
