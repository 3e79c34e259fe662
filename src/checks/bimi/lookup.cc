#include "checks/bimi/lookup.h"

#include <array>

#include "base/assert.h"
#include "base/text.h"
#include "proto/mime/header.h"

namespace heliopost::bimi_check {
namespace {

// Why the mail does not qualify; empty where it does.
std::string obstacle(const dmarc_check::Answer& dmarc) {
    if (dmarc.verdict != dmarc_check::Verdict::pass) return "DMARC did not pass";
    if (dmarc.published == dmarc::Policy::none) return "the DMARC policy is not enforced";
    const auto& record = dmarc.record;
    if (!record || record->testing || record->percent < 100) return "the DMARC policy is only tried out";
    if (!dmarc.author.warnings.empty()) return dmarc.author.warnings.front();
    return {};
}

std::string selector_of(std::string_view header) {
    const auto field = mime::find_field(header, "BIMI-Selector");
    if (!field) return "default";
    auto selector = bimi::parse_selector(mime::unfold(field->value));
    return selector ? *std::move(selector) : "default";
}

net::Task<Answer> look_at(net::DnsBudget* dns, std::string selector, std::string domain) {
    Answer out{Verdict::none, domain + " publishes no BIMI record", domain, selector, {}};
    const net::DnsAnswer answer = co_await dns->query(selector + "._bimi." + domain, net::RecordType::txt);
    using Status = net::DnsAnswer::Status;
    if (answer.status == Status::failed || answer.status == Status::bogus) {
        out.verdict = Verdict::temp_error;
        out.reason = "the DNS did not answer for the BIMI record of " + domain;
        co_return out;
    }
    const std::vector<std::string> texts = net::txt_records(answer);
    if (texts.empty()) co_return out;
    const auto record = texts.size() == 1 ? bimi::parse_record(texts.front())
                                          : fail(Fault::syntax, "there are several records");
    out.verdict = !record ? Verdict::fail : record->declined() ? Verdict::declined : Verdict::pass;
    out.reason = !record ? record.error().text : domain + " has a logo: " + record->logo;
    if (out.verdict == Verdict::declined) out.reason = domain + " wants no logo shown";
    if (record) out.record = *record;
    co_return out;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
    constexpr std::array<std::string_view, 6> names{"none",    "pass", "declined",
                                                    "skipped", "fail", "temperror"};
    return names.at(static_cast<size_t>(verdict));
}

net::Task<Answer> look_up(net::DnsBudget* dns, std::string header, dmarc_check::Answer dmarc) {
    std::string why = obstacle(dmarc);
    if (!why.empty()) co_return Answer{Verdict::skipped, std::move(why), "", "", {}};
    const std::string selector = selector_of(header);
    Answer answer = co_await look_at(dns, selector, dmarc.author.domain);
    const bool wider = !dmarc.organisation.empty() && dmarc.organisation != dmarc.author.domain;
    if (answer.verdict == Verdict::none && wider)
        answer = co_await look_at(dns, selector, dmarc.organisation);
    co_return answer;
}

}  // namespace heliopost::bimi_check
