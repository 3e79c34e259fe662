#include "checks/spf/evaluation.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace heliopost::spf_check {
namespace {

// §4.3: "not malformed": labels of the right length, more than one, no literal.
bool is_checkable(std::string_view domain) {
    return net::is_query_name(domain) && domain.contains('.') && domain.front() != '[';
}

net::IpAddress unmapped(const net::IpAddress& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

Verdict verdict_of(spf::Qualifier qualifier) {
    switch (qualifier) {
        case spf::Qualifier::pass:
            return Verdict::pass;
        case spf::Qualifier::fail:
            return Verdict::fail;
        case spf::Qualifier::soft_fail:
            return Verdict::soft_fail;
        case spf::Qualifier::neutral:
            break;
    }
    return Verdict::neutral;
}

bool asks_dns(spf::MechanismKind kind) {
    return kind != spf::MechanismKind::all && kind != spf::MechanismKind::ip4 &&
           kind != spf::MechanismKind::ip6;
}

// Both come from the DNS and go into the log and the message's header.
std::string shortened(std::string text, size_t octets_max) {
    constexpr std::string_view mark = "...";
    if (text.size() <= octets_max) return text;
    size_t end = octets_max - mark.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
        --end;  // not within a character
    text.resize(end);
    return text += mark;
}

std::string_view without_final_dot(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    return name;
}

}  // namespace

Evaluation::Evaluation(net::World& world, net::DnsBudget& dns, Question question)
    : world_(world), dns_(dns), question_(std::move(question)) {
    question_.client = unmapped(question_.client);
    question_.domain = without_final_dot(question_.domain);
    if (question_.local_part.empty()) question_.local_part = "postmaster";
}

net::Task<Answer> Evaluation::run() {
    answer_.verdict = co_await check(question_.domain, false);
    co_return std::move(answer_);
}

Verdict Evaluation::end(Verdict verdict, std::string mechanism, std::string reason) {
    answer_.mechanism = shortened(std::move(mechanism), mechanism_octets_max);
    answer_.reason = shortened(std::move(reason), reason_octets_max);
    return verdict;
}

net::Task<Verdict> Evaluation::check(std::string domain, bool included) {
    if (!is_checkable(domain))
        co_return end(Verdict::none, "", "\"" + domain + "\" is no domain that SPF knows");
    const auto fetched = co_await fetch_record(domain);
    if (!fetched) co_return fetched.error();
    const std::optional<spf::Record>& record = *fetched;
    if (!record) co_return end(Verdict::none, "", domain + " publishes no SPF record");
    for (const spf::Mechanism& mechanism : record->mechanisms) {
        const Or<bool> matched = co_await matches(&mechanism, domain);
        if (!matched) co_return matched.error();
        if (!*matched) continue;
        const Verdict verdict = verdict_of(mechanism.qualifier);
        if (verdict == Verdict::fail && !included && record->explanation)
            co_await explain(&*record->explanation, domain);
        const std::string met = shortened(mechanism.text, mechanism_octets_max);
        co_return end(verdict, met, question_.client.to_string() + " meets \"" + met + "\" of " + domain);
    }
    if (record->redirect) co_return co_await redirected(&*record->redirect, domain, included);
    co_return end(
        Verdict::neutral, "default",
        "nothing in the SPF record of " + domain + " speaks of " + question_.client.to_string());  // §4.7
}

// §4.4, §4.5
net::Task<Evaluation::Or<std::optional<spf::Record>>> Evaluation::fetch_record(std::string domain) {
    const net::DnsAnswer answer = co_await dns_.query(domain, net::RecordType::txt);
    using Status = net::DnsAnswer::Status;
    if (answer.status == Status::failed || answer.status == Status::bogus)
        co_return std::unexpected(end(Verdict::temp_error, "", "the DNS did not answer for " + domain));
    std::vector<std::string> found;
    for (std::string& text : net::txt_records(answer))
        if (spf::is_record(text)) found.push_back(std::move(text));
    if (found.empty()) co_return std::nullopt;
    if (found.size() > 1)
        co_return std::unexpected(end(Verdict::perm_error, "", domain + " publishes several SPF records"));
    auto record = spf::parse_record(found.front());
    if (!record)
        co_return std::unexpected(end(Verdict::perm_error, "",
                                      "the SPF record of " + domain + " is wrong: " + record.error().text));
    co_return *std::move(record);
}

// §6.1
net::Task<Verdict> Evaluation::redirected(const spf::MacroString* target, std::string domain, bool included) {
    if (++lookups_ > lookups_max)
        co_return end(Verdict::perm_error, "", "SPF of " + question_.domain + " needs too many DNS lookups");
    const std::string next = co_await expanded(target, domain);
    const Verdict verdict = co_await check(next, included);
    if (verdict != Verdict::none) co_return verdict;
    co_return end(Verdict::perm_error, "",
                  "SPF of " + domain + " is redirected to " + next + ", which publishes no record");
}

// §6.2: whatever is wrong with it, there is no explanation then.
net::Task<void> Evaluation::explain(const spf::MacroString* name, std::string domain) {
    const std::string at = co_await expanded(name, domain);
    if (!net::is_query_name(at)) co_return;
    const net::DnsAnswer answer = co_await dns_.query(at, net::RecordType::txt);
    const std::vector<std::string> texts = net::txt_records(answer);
    if (texts.size() != 1) co_return;
    const auto text = spf::parse_explanation(texts.front());
    if (!text) co_return;
    const spf::MacroValues macros = co_await values(&*text, domain);
    std::string explanation = text->expand(macros);
    if (std::ranges::all_of(explanation, [](char c) { return c >= ' ' && c < '\x7f'; }))
        answer_.explanation = shortened(std::move(explanation), reason_octets_max);
}

// §4.6.4
net::Task<Evaluation::Or<net::DnsAnswer>> Evaluation::ask(std::string name, net::RecordType type) {
    if (!net::is_query_name(name)) co_return net::DnsAnswer{.status = net::DnsAnswer::Status::no_name};
    net::DnsAnswer answer = co_await dns_.query(name, type);
    switch (answer.status) {
        case net::DnsAnswer::Status::found:
            break;
        case net::DnsAnswer::Status::no_name:
        case net::DnsAnswer::Status::no_records:
            if (++voids_ > void_lookups_max)
                co_return std::unexpected(
                    end(Verdict::perm_error, "",
                        "SPF of " + question_.domain + " names too much that is not there"));
            break;
        case net::DnsAnswer::Status::failed:
        case net::DnsAnswer::Status::bogus:
            co_return std::unexpected(end(Verdict::temp_error, "", "the DNS did not answer for " + name));
    }
    co_return answer;
}

net::Task<std::string> Evaluation::expanded(const spf::MacroString* text, std::string domain) {
    const spf::MacroValues macros = co_await values(text, std::move(domain));
    co_return text->expand_domain(macros);
}

net::Task<Evaluation::Or<bool>> Evaluation::matches(const spf::Mechanism* mechanism, std::string domain) {
    if (asks_dns(mechanism->kind) && ++lookups_ > lookups_max)
        co_return std::unexpected(
            end(Verdict::perm_error, "", "SPF of " + question_.domain + " needs too many DNS lookups"));
    std::string name = domain;
    if (!mechanism->domain.empty()) name = co_await expanded(&mechanism->domain, std::move(domain));
    switch (mechanism->kind) {
        case spf::MechanismKind::all:
            co_return true;
        case spf::MechanismKind::include:
            co_return co_await passes_included(std::move(name));
        case spf::MechanismKind::a:
            co_return co_await has_address(std::move(name), mechanism);
        case spf::MechanismKind::mx:
            co_return co_await has_exchange(std::move(name), mechanism);
        case spf::MechanismKind::ptr:
            co_return co_await has_reverse_name(std::move(name));
        case spf::MechanismKind::exists:
            co_return co_await exists(std::move(name));
        case spf::MechanismKind::ip4:
        case spf::MechanismKind::ip6:
            break;
    }
    if (question_.client.is_v4() != (mechanism->kind == spf::MechanismKind::ip4)) co_return false;
    if (question_.client.is_v4())
        co_return spf::same_network(question_.client.to_v4().to_bytes().data(), mechanism->network.data(),
                                    mechanism->prefix4);
    co_return spf::same_network(question_.client.to_v6().to_bytes().data(), mechanism->network.data(),
                                mechanism->prefix6);
}

}  // namespace heliopost::spf_check
