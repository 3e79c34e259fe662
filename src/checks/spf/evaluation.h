// Evaluation: one check_host() under way, with what its records share: counters and the client's validated
// names. Internal to checks/spf.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "checks/spf/check_host.h"
#include "proto/spf/record.h"

namespace heliopost::spf_check {

class Evaluation {
public:
    Evaluation(net::World& world, net::DnsBudget& dns, Question question);

    net::Task<Answer> run();

private:
    // What ends the evaluation at once: temp_error or perm_error.
    template <class T>
    using Or = std::expected<T, Verdict>;

    // §4.3 to §4.7 for one domain; recursive for include and redirect, which lookups_max bounds.
    net::Task<Verdict> check(std::string domain, bool included);
    net::Task<Or<std::optional<spf::Record>>> fetch_record(std::string domain);
    net::Task<Verdict> redirected(const spf::MacroString* target, std::string domain, bool included);
    net::Task<void> explain(const spf::MacroString* name, std::string domain);

    // §5
    net::Task<Or<bool>> matches(const spf::Mechanism* mechanism, std::string domain);
    net::Task<Or<bool>> passes_included(std::string domain);
    net::Task<Or<bool>> has_address(std::string name, const spf::Mechanism* mechanism);
    net::Task<Or<bool>> has_exchange(std::string name, const spf::Mechanism* mechanism);
    net::Task<Or<bool>> has_reverse_name(std::string name);
    net::Task<Or<bool>> exists(std::string name);
    bool in_network(const net::IpAddress& address, const spf::Mechanism& mechanism) const;

    net::Task<Or<net::DnsAnswer>> ask(std::string name, net::RecordType type);
    net::Task<const std::vector<std::string>*> validated_names();
    net::Task<std::string> expanded(const spf::MacroString* text, std::string domain);
    net::Task<spf::MacroValues> values(const spf::MacroString* text, std::string domain);

    Verdict end(Verdict verdict, std::string mechanism, std::string reason);

    net::World& world_;
    net::DnsBudget& dns_;
    Question question_;
    Answer answer_;
    int lookups_ = 0;
    int voids_ = 0;
    bool names_asked_ = false;
    std::vector<std::string> validated_names_;
};

}  // namespace heliopost::spf_check
