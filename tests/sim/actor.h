// Actor: what every client of the simulation has in common: where it sits, whom it talks to, when it ends.
#pragma once

#include <chrono>
#include <string>

#include "net/memory_world.h"
#include "sim/findings.h"
#include "sim/letter.h"
#include "sim/random.h"

namespace heliopost::sim {

inline constexpr std::string_view password = "correct-horse-9-staple";  // of every account
inline constexpr std::chrono::seconds patience{90};                     // of a client, then it hangs up

inline constexpr std::uint16_t mx_port = 25, lmtp_port = 24, submission_port = 587, imap_port = 993,
                               pop3_port = 995;

// What they share of one run. Outlives them.
struct Stage {
    net::MemoryWorld* users = nullptr;  // the host of all clients
    Findings findings;
    bool closing = false;  // clients end their session and come back no more
    Letters letters;
    int traced = 0;  // the IMAP client whose session is printed; 0: none

    Instant now() const { return users->tick(); }
};

inline net::Endpoint endpoint(const std::string& address, std::uint16_t port) {
    return {boost::asio::ip::make_address(address), port, {}};
}

}  // namespace heliopost::sim
