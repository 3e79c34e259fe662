// Where a domain's reports may go: its own organisation, and who says that it takes them.
//
// Else anybody could have reports about his mail sent to a stranger. One question for each host elsewhere, of
// the first dmarc::uris_max addresses, all at once: one that is silent holds up no other. RFC 9990 §4 (RFC
// 7489 §7.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checks/dmarc/public_suffixes.h"
#include "net/dns.h"
#include "proto/dmarc/record.h"
#include "proto/smtp/address.h"

namespace heliopost::net {
class TaskGroup;
class World;
}  // namespace heliopost::net

namespace heliopost::dmarc_check {

struct Destination {
    smtp::Address address;
    std::optional<std::uint64_t> octets_max;
};

struct Destinations {
    std::vector<Destination> allowed;
    std::vector<std::string>
        refused;          // in words: "reports@b.example: b.example does not take reports about a.example"
    bool failed = false;  // the DNS did not answer for one of the refused: try later
    int queries = 0;
};

// With what they are looked for. The tasks that ask are of the group, which lives as long as the server: when
// the waiting task is stopped they end by themselves, at `until` at the latest.
struct Inquirer {
    net::World* world;
    net::TaskGroup* tasks;
    const PublicSuffixes* suffixes;
    Deadline until;
};

// domain: where the record was found. uris: its rua or ruf; what is not mailto is refused.
net::Task<Destinations> find_destinations(Inquirer by, std::string domain,
                                          std::vector<dmarc::ReportUri> uris);

// The mailbox of "mailto:reports%2Bx@a.example?subject=y".
Result<smtp::Address> parse_mailto(std::string_view uri);

}  // namespace heliopost::dmarc_check
