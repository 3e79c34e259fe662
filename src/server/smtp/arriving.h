// Arriving: how much memory the messages that are coming in may hold, over all sessions of the process.
//
//   Arriving::Share share(arriving, client, stranger_part);
//   if (!share.begin()) ...;                 // 452 4.3.1
//   if (!share.grow_for(octets, most)) ...;  // likewise, and the message is let go of
//
// A message is counted by what has come of it: its sender holds next to nothing by saying DATA alone. What it
// holds is the chunk of its blob, its header for the checks, for the signer and for the sealer, and its
// structure: measured, up to 4 octets for each that came, and 2.5 MB in all. At submission, where a header
// may be of 1 MiB, it is more. The share follows no buffer and is a little above that.
//
// No few can take it all, or for long. An address (net::limit_key) holds at most an eighth of what all leave
// free, so that the next still finds room: twenty addresses together leave a tenth. And while more than half
// is taken (crowded), who sends slower than crowded_octets_a_second loses his share, or his connection where
// nothing comes for crowded_block_time_max (both session.h): to hold it all takes some 10 MB a second.
//
// Safe on any thread; outlives its shares.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "net/address.h"

namespace heliopost::smtp_server {

inline constexpr std::size_t arriving_octets_max = std::size_t{512} << 20;
inline constexpr std::size_t message_held_max = std::size_t{3} << 20;    // of one, at the MX or by LMTP
inline constexpr std::size_t submitted_held_max = std::size_t{5} << 20;  // delivery::submitted_header_max
inline constexpr std::size_t held_for_an_octet = 4;                      // until one of those
inline constexpr std::size_t share_step = 16 * 1024;  // what a message that has only begun holds
inline constexpr std::size_t stranger_part = 8;       // an address has an eighth of what is left
inline constexpr std::size_t known_part = 2;          // LMTP's client; our users, who may share an address

class Arriving {
public:
    explicit Arriving(std::size_t octets_max = arriving_octets_max) : octets_max_(octets_max) {}

    // Of one message; gives back what it has when it goes.
    class Share {
    public:
        Share() = default;  // counts nothing
        // of: null counts nothing either. part: the client's address has one in so many of what is left.
        Share(Arriving* of, const net::IpAddress& client, std::size_t part);
        ~Share() { give_back(); }
        Share(Share&& other) noexcept;
        Share& operator=(Share&& other) noexcept;

        // False: there is no room; it has what it had.
        bool begin() { return grow_to(share_step); }
        // For a message of which so many octets have come, and which never holds more than `most`.
        bool grow_for(std::uint64_t octets, std::size_t most);
        // By what its whole structure takes: ten thousand parts of seven octets each are 4 MB while it is
        // judged.
        bool grow_by(std::size_t octets) { return grow_to(octets_ + octets); }
        void give_back();

        std::size_t octets() const { return octets_; }
        // More than half of all is taken.
        bool crowded() const { return of_ != nullptr && of_->octets() > of_->octets_max_ / 2; }

    private:
        bool grow_to(std::size_t octets);

        Arriving* of_ = nullptr;
        std::string key_;
        std::size_t part_ = stranger_part;
        std::size_t octets_ = 0;
    };

    std::size_t octets() const { return octets_; }  // held by all

private:
    bool take(const std::string& key, std::size_t part, std::size_t octets);
    void give_back(const std::string& key, std::size_t octets);

    const std::size_t octets_max_;
    std::mutex mutex_;
    std::atomic<std::size_t> octets_ = 0;
    std::unordered_map<std::string, std::size_t> by_address_;  // no more than there are sessions
};

}  // namespace heliopost::smtp_server
