// SPF: may this client send mail for this domain? The check_host() of RFC 7208 §4.
//
//   net::DnsBudget dns(world.resolver(), world.after(dns_time_max));
//   const spf_check::Answer answer = co_await check_host(&world, &dns, {client, helo, "ann", "a.example",
//   "mx.b.example"});
//
// Limits: 10 terms that ask the DNS, 2 answers without a record, 10 names of an MX or a PTR (§4.6.4), and
// those of the budget, past which the verdict is temp_error. Nothing that the DNS says makes it throw.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/dns.h"
#include "net/world.h"

namespace heliopost::spf_check {

inline constexpr int lookups_max = 10;      // RFC 7208 §4.6.4
inline constexpr int void_lookups_max = 2;  // §4.6.4
inline constexpr size_t names_max = 10;     // of an MX or PTR answer, §4.6.4
// Of a reason or an explanation, and of a mechanism in it, which a record may make 64 KB long; the rest is
// cut off.
inline constexpr size_t reason_octets_max = 600;
inline constexpr size_t mechanism_octets_max = 200;

enum class Verdict : std::uint8_t { none, neutral, pass, fail, soft_fail, temp_error, perm_error };

struct Question {
    net::IpAddress client;   // IPv4-mapped counts as IPv4
    std::string helo;        // as the client said it
    std::string local_part;  // empty: postmaster, §4.3
    std::string domain;      // of MAIL FROM, or the HELO identity; A-labels
    std::string receiver;    // our name, for %{r}
};

struct Answer {
    Verdict verdict = Verdict::none;
    std::string reason;       // in words, for the log and Authentication-Results
    std::string mechanism;    // what decided, as it begins in the record; "default" where nothing matched
    std::string explanation;  // the domain's own text for a fail, printable ASCII; empty: none
};

std::string_view name_of(Verdict verdict);  // "softfail", as RFC 8601 §2.7.2 and RFC 7208 §9.1 write it

// "7.2.0.192.in-addr.arpa": where an address has its names.
std::string reverse_name(const net::IpAddress& address);

net::Task<Answer> check_host(net::World* world, net::DnsBudget* dns, Question question);

}  // namespace heliopost::spf_check
