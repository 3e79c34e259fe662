#include "checks/dmarc/destination.h"

#include <map>
#include <memory>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "net/event.h"
#include "net/running.h"
#include "net/task_group.h"
#include "net/world.h"

namespace heliopost::dmarc_check {
namespace {

// pct-encoded = "%" HEXDIG HEXDIG, RFC 3986 §2.1
Result<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const auto octet = from_hex(text.substr(i + 1, 2));
        if (!octet || octet->size() != 1)
            return fail(Fault::syntax, "a percent sign is followed by no octet");
        out += *octet;
        i += 2;
    }
    return out;
}

bool same_organisation(const PublicSuffixes& suffixes, const std::string& a, const std::string& b) {
    const std::string organisation = suffixes.organisational_domain(a);
    return a == b || (!organisation.empty() && organisation == suffixes.organisational_domain(b));
}

// What a destination says when it is asked about a domain.
struct Consent {
    bool given = false;
    bool failed = true;                     // until it has answered
    std::vector<dmarc::ReportUri> instead;  // rua= of the record, in place of what the domain wrote
};

// The questions about one record. The tasks share it, so that it outlives whoever waits for them.
struct Inquiry {
    Inquiry(net::World& world, Deadline until) : dns(world.resolver(), until), done(world) {}
    net::DnsBudget dns;
    std::map<std::string, Consent> hosts;
    std::size_t running = 0;
    net::Event done;
};

using Asking = net::Running<Inquiry>;

net::Task<void> ask_consent(Asking inquiry, std::string domain, std::string host) {
    const net::DnsAnswer answer =
        co_await inquiry->dns.query(domain + "._report._dmarc." + host, net::RecordType::txt);
    using Status = net::DnsAnswer::Status;
    Consent consent;
    consent.failed = answer.status == Status::failed || answer.status == Status::bogus;
    for (const std::string& text : net::txt_records(answer)) {
        const auto record = dmarc::parse_record(text);
        if (!record) continue;
        consent.given = true;
        if (consent.instead.empty()) consent.instead = record->aggregate_to;
    }
    inquiry->hosts[host] = std::move(consent);
}

net::Task<void> ask_all(Inquirer by, std::shared_ptr<Inquiry> inquiry, std::string domain) {
    if (inquiry->hosts.empty()) co_return;
    {
        const Asking all(inquiry);  // so that the last is not done before the next has begun
        for (const auto& [host, consent] : inquiry->hosts)
            by.tasks->spawn(ask_consent(Asking(inquiry), domain, host));
    }
    if (by.tasks->stopping()) throw net::Stopped();
    co_await inquiry->done.wait(by.until);
}

std::string host_of(const smtp::Address& address) {
    const auto host = smtp::normalise_domain(address.domain);
    return host ? *host : std::string();
}

}  // namespace

Result<smtp::Address> parse_mailto(std::string_view uri) {
    constexpr std::string_view scheme = "mailto:";
    if (!starts_with_ignoring_case(uri, scheme)) return fail(Fault::syntax, "the address is no mailto");
    const std::string_view path = uri.substr(scheme.size(), uri.find('?') - scheme.size());
    const std::string mailbox = TRY(percent_decoded(path));
    smtp::Address address = TRY(smtp::parse_address(mailbox));
    if (address.domain.empty() || address.literal()) return fail(Fault::syntax, "the address has no domain");
    return address;
}

net::Task<Destinations> find_destinations(Inquirer by, std::string domain,
                                          std::vector<dmarc::ReportUri> uris) {
    if (uris.size() > dmarc::uris_max) uris.resize(dmarc::uris_max);
    const auto inquiry = std::make_shared<Inquiry>(*by.world, by.until);
    for (const dmarc::ReportUri& uri : uris)
        if (const auto address = parse_mailto(uri.uri))
            if (std::string host = host_of(*address); !same_organisation(*by.suffixes, domain, host))
                inquiry->hosts.try_emplace(std::move(host));
    co_await ask_all(by, inquiry, domain);
    Destinations found;
    found.queries = inquiry->dns.queries();
    for (const dmarc::ReportUri& uri : uris) {
        auto address = parse_mailto(uri.uri);
        if (!address) {
            found.refused.push_back(uri.uri + ": " + address.error().text);
            continue;
        }
        const std::string host = host_of(*address);
        const auto asked = inquiry->hosts.find(host);
        if (asked == inquiry->hosts.end()) {
            found.allowed.push_back({*std::move(address), uri.octets_max});
            continue;
        }
        const Consent& consent = asked->second;
        found.failed |= consent.failed;
        if (!consent.given) {
            found.refused.push_back(
                smtp::to_string(*address) + ": " + host +
                (consent.failed ? " does not answer" : " does not take reports about " + domain));
            continue;
        }
        // It may name another address of its own, and only of its own.
        for (const dmarc::ReportUri& other : consent.instead)
            if (auto instead = parse_mailto(other.uri); instead && host_of(*instead) == host)
                address = instead;
        found.allowed.push_back({*std::move(address), uri.octets_max});
    }
    co_return found;
}

}  // namespace heliopost::dmarc_check
