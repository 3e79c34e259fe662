// The set of SMTP extensions that a server announced, or that we do.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace heliopost::smtp {

enum class Extension : std::uint8_t {
    pipelining,             // RFC 2920
    size,                   // RFC 1870
    eight_bit_mime,         // RFC 6152
    smtputf8,               // RFC 6531
    enhanced_status_codes,  // RFC 2034
    chunking,               // RFC 3030 §2
    binary_mime,            // RFC 3030 §3
    starttls,               // RFC 3207
    auth,                   // RFC 4954
    dsn,                    // RFC 3461
    require_tls,            // RFC 8689
};

class Extensions {
public:
    constexpr Extensions() = default;
    constexpr Extensions(std::initializer_list<Extension> list) {
        for (const Extension one : list) add(one);
    }
    constexpr void add(Extension one) { bits_ |= bit(one); }
    constexpr void remove(Extension one) { bits_ &= ~bit(one); }
    constexpr bool has(Extension one) const { return (bits_ & bit(one)) != 0; }
    constexpr bool operator==(const Extensions&) const = default;

private:
    static constexpr std::uint32_t bit(Extension one) { return 1U << static_cast<unsigned>(one); }
    std::uint32_t bits_ = 0;
};

}  // namespace heliopost::smtp
