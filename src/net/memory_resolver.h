// MemoryZone and MemoryResolver: DNS out of a table, for tests and the simulator.
//
// One zone table serves every host of a MemoryNetwork; each host has a resolver of its own loop. CNAMEs are
// followed as a real resolver does. Answers come in a later turn, after the latency if one is set.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "net/dns.h"

namespace heliopost::net {

class World;

class MemoryZone {
public:
    void add(std::string_view name, RecordType type, std::string rdata);
    void add_mx(std::string_view name, std::uint16_t preference,
                std::string_view exchange);                             // "" or ".": null MX
    void add_address(std::string_view name, std::string_view address);  // A or AAAA
    void add_txt(std::string_view name, std::string_view text);
    void add_ptr(std::string_view name, std::string_view target);
    void add_cname(std::string_view name, std::string_view target);
    void remove(std::string_view name);  // all of its records

    void set_failing(std::string_view name, bool failing = true);  // SERVFAIL
    void set_bogus(std::string_view name, bool bogus = true);
    void set_secure(std::string_view name, bool secure = true);
    void set_latency(std::chrono::microseconds latency) { latency_ = latency; }
    std::chrono::microseconds latency() const { return latency_; }
    void set_silent(std::string_view name, bool silent = true);  // no answer ever comes
    bool silent(std::string_view name) const;
    // How long resolvers remember that a name or a record was absent; 0: they do not.
    void set_absent_ttl(std::chrono::seconds ttl) { absent_ttl_ = ttl; }
    std::chrono::seconds absent_ttl() const { return absent_ttl_; }

    DnsAnswer answer(std::string_view name, RecordType type) const;

private:
    std::map<std::string, std::map<RecordType, std::vector<std::string>>> names_;
    std::set<std::string> failing_;
    std::set<std::string> bogus_;
    std::set<std::string> secure_;
    std::set<std::string> silent_;
    std::chrono::seconds absent_ttl_{0};
    std::chrono::microseconds latency_{0};
};

class MemoryResolver : public Resolver {
public:
    MemoryResolver(World& world, const MemoryZone& zone) : world_(world), zone_(zone) {}
    Task<DnsAnswer> query(std::string name, RecordType type, Deadline deadline) override;
    Resolver& anew() override { return anew_; }

private:
    class Anew : public Resolver {
    public:
        explicit Anew(MemoryResolver& of) : of_(of) {}
        Task<DnsAnswer> query(std::string name, RecordType type, Deadline deadline) override {
            return of_.ask(std::move(name), type, deadline);
        }

    private:
        MemoryResolver& of_;
    };
    Task<DnsAnswer> ask(std::string name, RecordType type, Deadline deadline);

    World& world_;
    const MemoryZone& zone_;
    Anew anew_{*this};
    std::map<std::pair<std::string, RecordType>, std::pair<DnsAnswer, Instant>> absent_;  // until when
};

}  // namespace heliopost::net
