// The mechanisms that ask the DNS, RFC 7208 §5, and the macros' validated name.
#include <algorithm>
#include <ranges>
#include <utility>

#include "base/text.h"
#include "checks/spf/evaluation.h"

namespace heliopost::spf_check {
namespace {

constexpr std::string_view nibbles = "0123456789ABCDEF";

// "192.0.2.1", or the nibbles of an IPv6 address with dots between: %{i}, RFC 7208 §7.3.
std::string dotted(const net::IpAddress& address) {
    if (address.is_v4()) return address.to_string();
    std::string out;
    for (const unsigned char octet : address.to_v6().to_bytes()) {
        if (!out.empty()) out += '.';
        out += {nibbles[octet >> 4], '.', nibbles[octet & 15]};
    }
    return out;
}

}  // namespace

// in-addr.arpa, RFC 1035 §3.5; ip6.arpa, RFC 3596 §2.5
std::string reverse_name(const net::IpAddress& address) {
    const std::string forward = dotted(address);
    std::vector<std::string_view> words = split(forward, '.');
    std::string out;
    for (const std::string_view word : words | std::views::reverse) out += std::string(word) + '.';
    return out + (address.is_v4() ? "in-addr.arpa" : "ip6.arpa");
}

// §5.2
net::Task<Evaluation::Or<bool>> Evaluation::passes_included(std::string domain) {
    const Verdict verdict = co_await check(domain, true);
    switch (verdict) {
        case Verdict::pass:
            co_return true;
        case Verdict::fail:
        case Verdict::soft_fail:
        case Verdict::neutral:
            co_return false;
        case Verdict::none:
            co_return std::unexpected(
                end(Verdict::perm_error, "", "an included domain, " + domain + ", publishes no SPF record"));
        case Verdict::temp_error:
        case Verdict::perm_error:
            break;
    }
    co_return std::unexpected(verdict);
}

bool Evaluation::in_network(const net::IpAddress& address, const spf::Mechanism& mechanism) const {
    if (address.is_v4() != question_.client.is_v4()) return false;
    if (address.is_v4())
        return spf::same_network(address.to_v4().to_bytes().data(),
                                 question_.client.to_v4().to_bytes().data(), mechanism.prefix4);
    return spf::same_network(address.to_v6().to_bytes().data(), question_.client.to_v6().to_bytes().data(),
                             mechanism.prefix6);
}

// §5.3
net::Task<Evaluation::Or<bool>> Evaluation::has_address(std::string name, const spf::Mechanism* mechanism) {
    const auto type = question_.client.is_v4() ? net::RecordType::a : net::RecordType::aaaa;
    const auto answer = co_await ask(std::move(name), type);
    if (!answer) co_return std::unexpected(answer.error());
    for (const net::IpAddress& address : net::address_records(*answer))
        if (in_network(address, *mechanism)) co_return true;
    co_return false;
}

// §5.4
net::Task<Evaluation::Or<bool>> Evaluation::has_exchange(std::string name, const spf::Mechanism* mechanism) {
    const auto answer = co_await ask(name, net::RecordType::mx);
    if (!answer) co_return std::unexpected(answer.error());
    const std::vector<net::MxRecord> exchanges = net::mx_records(*answer);
    if (exchanges.size() > names_max)
        co_return std::unexpected(end(Verdict::perm_error, "", name + " has too many MX records for SPF"));
    for (const net::MxRecord& exchange : exchanges) {
        if (exchange.exchange.empty()) continue;  // a null MX
        const Or<bool> found = co_await has_address(exchange.exchange, mechanism);
        if (!found) co_return std::unexpected(found.error());
        if (*found) co_return true;
    }
    co_return false;
}

// §5.7: an A record, also where the client has an IPv6 address
net::Task<Evaluation::Or<bool>> Evaluation::exists(std::string name) {
    const auto answer = co_await ask(std::move(name), net::RecordType::a);
    if (!answer) co_return std::unexpected(answer.error());
    co_return answer->status == net::DnsAnswer::Status::found;
}

// §5.5: names of the client that lead back to it. What the DNS does not answer is left out.
net::Task<const std::vector<std::string>*> Evaluation::validated_names() {
    if (std::exchange(names_asked_, true)) co_return &validated_names_;
    const net::DnsAnswer answer = co_await dns_.query(reverse_name(question_.client), net::RecordType::ptr);
    std::vector<std::string> names = net::ptr_records(answer);
    if (names.size() > names_max) names.resize(names_max);
    const auto type = question_.client.is_v4() ? net::RecordType::a : net::RecordType::aaaa;
    for (std::string& name : names) {
        const net::DnsAnswer forward = co_await dns_.query(name, type);
        const std::vector<net::IpAddress> addresses = net::address_records(forward);
        if (std::ranges::find(addresses, question_.client) != addresses.end())
            validated_names_.push_back(std::move(name));
    }
    co_return &validated_names_;
}

net::Task<Evaluation::Or<bool>> Evaluation::has_reverse_name(std::string name) {
    const std::vector<std::string>& names = *co_await validated_names();
    for (const std::string& one : names)
        if (is_at_or_below(one, name)) co_return true;
    co_return false;
}

net::Task<spf::MacroValues> Evaluation::values(const spf::MacroString* text, std::string domain) {
    spf::MacroValues out;
    out.local_part = question_.local_part;
    out.sender_domain = question_.domain;
    out.client = dotted(question_.client);
    out.readable_client = question_.client.to_string();
    out.helo = question_.helo;
    out.receiver = question_.receiver;
    out.seconds = std::chrono::duration_cast<std::chrono::seconds>(world_.now().time_since_epoch()).count();
    out.ipv6 = question_.client.is_v6();
    out.validated_name = "unknown";
    if (text->uses_validated_name()) {
        // §7.3: the domain itself, else a name below it, else any
        const std::vector<std::string>& names = *co_await validated_names();
        const auto at =
            std::ranges::find_if(names, [&](const auto& one) { return same_ignoring_case(one, domain); });
        const auto below =
            std::ranges::find_if(names, [&](const auto& one) { return is_at_or_below(one, domain); });
        if (at != names.end())
            out.validated_name = *at;
        else if (below != names.end())
            out.validated_name = *below;
        else if (!names.empty())
            out.validated_name = names.front();
    }
    out.domain = std::move(domain);
    co_return out;
}

}  // namespace heliopost::spf_check
