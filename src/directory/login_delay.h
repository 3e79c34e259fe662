// LoginDelay: how long a login waits, from the failures before it.
//
// Three counts: by account name, by address (IPv4, or /64), and by the two together. Who logged in from an
// address with success is held by the last alone, so that guessing from elsewhere, or by a neighbour
// behind the same address, does not shut him out. But only the right password is quicker there: a wrong one
// is answered when it would be for a name that does not exist, so that the time tells nobody who has an
// account. The names that exist and those that do not are counted in tables of their own and alike: inventing
// names evicts no real one.
//
// Attempts of one address follow each other: each takes its turn after the one before, so that opening many
// connections guesses no faster. Pure: the instants are given. Safe on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "directory/bounded_table.h"
#include "directory/login.h"

namespace heliopost::directory {

inline constexpr std::size_t login_entries_max = 100'000;  // of each table: about 10 MB in all
inline constexpr std::chrono::seconds login_delay_first{1};
inline constexpr std::uint32_t account_failures_free = 1;  // a slip of the finger
inline constexpr std::uint32_t address_failures_free = 5;  // several people behind one address
inline constexpr std::uint32_t good_failures_free = 5;     // a mail program opens several connections at once
inline constexpr std::chrono::minutes login_failure_forgotten{10};  // one failure is forgiven each
inline constexpr std::chrono::days login_good_for{30};

// What a login is counted under.
struct LoginSubject {
    std::string name;  // of the account as far as it can be normalised, or as sent
    bool exists = false;
    std::string address;  // net::limit_key
};

// 0, then from the first failure past `free` on 1, 2, 4 ... login_delay_max.
std::chrono::microseconds delay_of(std::uint32_t failures, std::uint32_t free);

class LoginDelay {
public:
    // secret: random octets of this process.
    explicit LoginDelay(std::string secret, std::size_t entries_max = login_entries_max);

    // When an attempt is answered. Its turn is taken.
    struct Turn {
        Instant answer;                // right or wrong
        bool full = false;             // refused then without a look: too many of this address are waiting
        std::optional<Instant> early;  // a right password is accepted already then; before `answer`
    };
    Turn begin(const LoginSubject& subject, Instant now);
    void failed(const LoginSubject& subject, Instant now);
    void succeeded(const LoginSubject& subject, Instant now);

private:
    struct Failures {
        std::uint32_t count = 0;
        Instant last{};
        Instant turn{};  // when the next attempt may go on
    };
    using Table = BoundedTable<Failures>;
    struct Digests {
        Digest name, address, both;
    };

    Digests digests_of(const LoginSubject& subject) const;
    static std::uint32_t count_at(const Failures* failures, Instant now);
    static void count_failure(Failures& failures, Instant now);
    bool is_good(const Digest& both, Instant now);
    std::optional<Instant> take_turn(Table& table, const Digest& key, std::chrono::microseconds delay,
                                     Instant now);

    std::string secret_;
    std::mutex mutex_;
    Table names_, unknown_names_, addresses_, both_;
    BoundedTable<Instant> good_;
};

}  // namespace heliopost::directory
