// Resolver: DNS questions and their validated answers.
//
// Production: libunbound, validating and caching (unbound_resolver.h). Tests and simulation: memory.
// A bogus answer never carries records.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "net/task.h"

namespace heliopost::net {

enum class RecordType : std::uint16_t { a = 1, cname = 5, ptr = 12, mx = 15, txt = 16, aaaa = 28, tlsa = 52 };

struct DnsAnswer {
    enum class Status {
        found,
        no_name,     // NXDOMAIN
        no_records,  // the name exists, without this type
        failed,      // SERVFAIL, time-out, budget used up: ask again later
        bogus,       // DNSSEC says forged; treated as failed by who only wants an answer
    };
    Status status = Status::failed;
    bool secure = false;  // validated by DNSSEC, also for no_name and no_records
    std::chrono::seconds ttl{0};
    std::string canonical_name;        // after CNAMEs, without the final dot, lower case
    std::vector<std::string> records;  // RDATA as on the wire, names uncompressed
};

class Resolver {
public:
    virtual ~Resolver() = default;

    // name: ASCII (A-labels), with or without final dot. Throws Stopped only; a passed deadline is failed.
    virtual Task<DnsAnswer> query(std::string name, RecordType type, Deadline deadline) = 0;

    // The same DNS for who waits for a record to be published: what was absent a moment ago is asked for
    // again. Dearer; lives as long as this one.
    virtual Resolver& anew() { return *this; }
};

// Whether the text can be asked for: labels of 1 to 63 octets, 253 in all (RFC 1035 §2.3.4), printable ASCII
// without the backslash, which would be an escape.
bool is_query_name(std::string_view name);

// Counts the questions of one message (named limit dns_queries_max), then answers failed by itself.
// RFC 7208 §4.6.4 sets the habit; parity.md §4 the number: 64 queries, 20 s in all.
class DnsBudget {
public:
    static constexpr int dns_queries_max = 64;
    DnsBudget(Resolver& resolver, Deadline deadline) : resolver_(resolver), deadline_(deadline) {}
    // A share of a whole, which must outlive it: no more than so many of its questions, and no longer.
    DnsBudget(DnsBudget& whole, int share, Deadline deadline)
        : resolver_(whole.resolver_),
          deadline_(deadline < whole.deadline_ ? deadline : whole.deadline_),
          share_(share),
          whole_(&whole) {}
    // What is no name does not exist, and costs nothing.
    Task<DnsAnswer> query(std::string name, RecordType type);
    int queries() const { return queries_; }

private:
    bool spend();  // false: there is nothing left

    Resolver& resolver_;
    Deadline deadline_;
    int share_ = dns_queries_max;
    DnsBudget* whole_ = nullptr;
    int queries_ = 0;
};

// Records of an answer as values; a malformed record is left out.
struct MxRecord {
    std::uint16_t preference;
    std::string exchange;  // lower case, no final dot; empty for the null MX "." (RFC 7505)
};
std::vector<MxRecord> mx_records(const DnsAnswer& answer);
std::vector<IpAddress> address_records(const DnsAnswer& answer);
std::vector<std::string> ptr_records(const DnsAnswer& answer);  // lower case, no final dot
std::vector<std::string> txt_records(const DnsAnswer& answer);  // each record's strings joined

}  // namespace heliopost::net
