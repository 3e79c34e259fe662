// Tree: the DMARC records above a name, and what they say of whom it belongs to. RFC 9989 §4.10.
//
// One Tree serves one message: what it has asked for it does not ask again. A walk asks at most queries_max
// names; all count against the budget.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checks/dmarc/public_suffixes.h"
#include "net/dns.h"
#include "proto/dmarc/record.h"

namespace heliopost::dmarc_check {

inline constexpr size_t queries_max = 8;             // RFC 9989 §4.10
inline constexpr size_t records_looked_at_max = 16;  // TXT records at one name

// What stands at _dmarc below a name.
struct Found {
    std::optional<dmarc::Record> record;
    bool failed = false;  // the DNS did not answer
    std::string wrong;    // why a record that is there is none, in words
};

struct Walk {
    struct Step {
        std::string domain;
        dmarc::Record record;
    };
    std::vector<Step> steps;  // names with a record, the longest first
    bool failed = false;      // the DNS did not answer for one of them
    std::string wrong;        // of the first record that could not be read

    const dmarc::Record* record_at(std::string_view domain) const;
};

class Tree {
public:
    explicit Tree(net::DnsBudget* dns) : dns_(dns) {}

    net::Task<Found> look(std::string domain);
    net::Task<Walk> walk(std::string domain);

private:
    net::DnsBudget* dns_;
    std::map<std::string, Found> known_;
};

// The names that a walk from a domain asks, in order: itself and its parents, without those between where it
// has more than eight labels.
std::vector<std::string> walked_names(std::string_view domain);

// §4.10.2. Deviates from it where suffixes are given: a public suffix whose record lacks psd= owns nothing
// below it, nor does one below a suffix with a record (co.uk below uk), because a registry that forgets the
// tag would make all its customers one organisation.
std::string organisational_domain(const Walk& walk, std::string_view start, const PublicSuffixes* suffixes);

}  // namespace heliopost::dmarc_check
