// iprev: has the client a name, and does the name have the client (forward-confirmed reverse DNS)?
//
// Looks at the first names_max names of the address. RFC 8601 §3 and §2.7.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/dns.h"

namespace heliopost::iprev_check {

inline constexpr size_t names_max = 3;  // a host has one; the questions are the message's

enum class Verdict : std::uint8_t { pass, fail, temp_error, perm_error };

struct Answer {
    Verdict verdict = Verdict::perm_error;  // RFC 8601 §2.7.3: also where there is no name
    std::string name;  // the one that is confirmed, or the first that is not; may be empty
    std::string reason;
};

std::string_view name_of(Verdict verdict);

// client: IPv4-mapped counts as IPv4.
net::Task<Answer> check_name(net::DnsBudget* dns, net::IpAddress client);

}  // namespace heliopost::iprev_check
