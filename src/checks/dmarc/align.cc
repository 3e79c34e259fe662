#include <algorithm>

#include "base/assert.h"
#include "base/text.h"
#include "checks/dmarc/evaluation.h"
#include "proto/smtp/address.h"

namespace heliopost::dmarc_check {
namespace {

std::string comparable(std::string_view domain) {
    const auto name = smtp::normalise_domain(domain);
    return name ? *name : std::string();
}

}  // namespace

// Whether a domain could belong to the author's organisation at all; only then is the DNS asked.
bool Evaluation::may_align(std::string_view domain, dmarc::Alignment mode) const {
    if (domain.empty()) return false;
    if (mode == dmarc::Alignment::strict) return domain == answer_.author.domain;
    return domain == answer_.author.domain || is_at_or_below(domain, answer_.organisation);
}

// RFC 9989 §4.4
net::Task<bool> Evaluation::is_aligned(std::string domain, dmarc::Alignment mode) {
    unsure_ |= walk_failed_ && mode == dmarc::Alignment::relaxed;
    if (!may_align(domain, mode)) co_return false;
    if (domain == answer_.author.domain) co_return true;
    if (own_unknown_) co_return false;  // the record that was not had may say "strict"
    if (options_.discovery == Discovery::public_suffix) {
        ASSERT(options_.suffixes != nullptr);
        co_return options_.suffixes->organisational_domain(domain) == answer_.organisation;
    }
    const Walk walk = co_await tree_.walk(domain);
    if (organisational_domain(walk, domain, options_.suffixes) == answer_.organisation) co_return true;
    unsure_ |= walk.failed;
    co_return false;
}

net::Task<void> Evaluation::align() {
    ASSERT(answer_.record.has_value());
    const dmarc::Record& record = *answer_.record;
    unsure_ = false;
    const std::string from = comparable(evidence_.spf_domain);
    if (evidence_.spf == spf_check::Verdict::pass)
        answer_.spf_aligned = co_await is_aligned(from, record.spf);
    if (evidence_.spf == spf_check::Verdict::temp_error) unsure_ |= may_align(from, record.spf);
    for (const dkim_check::SignatureVerdict& one : evidence_.signatures) {
        const std::string domain = comparable(one.domain);
        if (one.verdict == dkim_check::Verdict::temp_error) unsure_ |= may_align(domain, record.dkim);
        if (one.verdict != dkim_check::Verdict::pass || answer_.dkim_aligned) continue;
        answer_.dkim_aligned = co_await is_aligned(domain, record.dkim);
        if (answer_.dkim_aligned)
            dkim_domain_ = domain;
        else
            unaligned_.push_back(domain);
    }
}

std::string Evaluation::describe() const {
    std::string out = "From domain " + answer_.author.domain + ", ";
    const std::string spf_domain =
        evidence_.spf_domain.empty() ? std::string("no domain") : evidence_.spf_domain;
    if (evidence_.spf == spf_check::Verdict::pass)
        out += "SPF passed for " + spf_domain + (answer_.spf_aligned ? " (aligned)" : "");
    else
        out += "SPF " + std::string(name_of(evidence_.spf)) + " for " + spf_domain;
    if (answer_.dkim_aligned) return out + ", signed by " + dkim_domain_ + " (aligned)";
    if (!unaligned_.empty()) return out + ", no aligned signature (signed by " + unaligned_.front() + ")";
    const bool any = std::ranges::any_of(
        evidence_.signatures, [](const auto& one) { return one.verdict != dkim_check::Verdict::none; });
    return out + (any ? ", no good signature" : ", no signature");
}

}  // namespace heliopost::dmarc_check
