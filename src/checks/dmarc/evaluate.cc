#include "checks/dmarc/evaluate.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/text.h"
#include "checks/dmarc/evaluation.h"

namespace heliopost::dmarc_check {
namespace {

// One step down, for what is not to be applied whole: RFC 9989 §4.7 (t), RFC 7489 §6.6.4 (pct)
dmarc::Policy softer(dmarc::Policy policy) {
    return policy == dmarc::Policy::reject ? dmarc::Policy::quarantine : dmarc::Policy::none;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
    constexpr std::array<std::string_view, 5> names{"none", "pass", "fail", "temperror", "permerror"};
    return names.at(static_cast<size_t>(verdict));
}

std::string in_words(const Answer& answer) {
    return "DMARC " + std::string(name_of(answer.verdict)) + ": " + answer.reason;
}

net::Task<Answer> evaluate(net::DnsBudget* dns, dmarc::Author author, Evidence evidence, Options options) {
    Evaluation evaluation(dns, std::move(author), std::move(evidence), options);
    co_return co_await evaluation.run();
}

bool Evaluation::end(Verdict verdict, std::string reason) {
    answer_.verdict = verdict;
    answer_.reason = std::move(reason);
    return false;
}

net::Task<Answer> Evaluation::run() {
    if (answer_.author.problem != dmarc::AuthorProblem::none) {
        end(Verdict::perm_error, answer_.author.reason);
        co_return std::move(answer_);
    }
    evidence_.spf_domain = to_lower(evidence_.spf_domain);
    const bool found = co_await discover();
    if (!found) co_return std::move(answer_);
    co_await choose_policy();
    co_await align();
    if (answer_.spf_aligned || answer_.dkim_aligned)
        end(Verdict::pass, describe());
    else if (policy_unsure_)
        end(Verdict::temp_error,
            describe() + ", and the DNS did not answer for the DMARC record of " + answer_.author.domain);
    else if (unsure_)
        end(Verdict::temp_error, describe() + ", and the DNS did not answer for what could have been");
    else
        end(Verdict::fail, describe());
    if (answer_.verdict == Verdict::fail) soften();
    co_return std::move(answer_);
}

void Evaluation::take_record(const std::string& domain, const dmarc::Record& record) {
    answer_.policy_domain = domain;
    answer_.record = record;
}

// RFC 9989 §4.10.1: the author's own record, its organisation's, its public suffix's
net::Task<bool> Evaluation::discover() {
    const std::string& author = answer_.author.domain;
    if (options_.discovery == Discovery::public_suffix) co_return co_await discover_by_suffix();
    const Walk walk = co_await tree_.walk(author);
    answer_.organisation = organisational_domain(walk, author, options_.suffixes);
    const Found asked = co_await tree_.look(author);  // known already
    walk_failed_ = walk.failed;
    own_unknown_ = asked.failed;
    policy_unsure_ = walk.failed && walk.record_at(author) == nullptr;
    // Where a name did not answer, what is found above it still says what is to be done with a message that
    // is not proved: else one lame subdomain would let anybody past the organisation's policy.
    if (const dmarc::Record* own = walk.record_at(author)) {
        take_record(author, *own);
    } else if (const dmarc::Record* above = walk.record_at(answer_.organisation)) {
        take_record(answer_.organisation, *above);
    } else if (!walk.steps.empty()) {
        take_record(walk.steps.back().domain, walk.steps.back().record);
    } else if (walk.failed) {
        co_return end(Verdict::temp_error, "the DNS did not answer for the DMARC record of " + author);
    } else {
        co_return walk.wrong.empty() ? end(Verdict::none, author + " publishes no DMARC record")
                                     : end(Verdict::perm_error, walk.wrong);
    }
    co_return true;
}

// RFC 7489 §6.6.3
net::Task<bool> Evaluation::discover_by_suffix() {
    ASSERT(options_.suffixes != nullptr);
    const std::string& author = answer_.author.domain;
    answer_.organisation = options_.suffixes->organisational_domain(author);
    if (answer_.organisation.empty()) answer_.organisation = author;
    Found found = co_await tree_.look(author);
    std::string at = author;
    own_unknown_ = policy_unsure_ = found.failed;
    if (!found.record && answer_.organisation != author) {
        Found above = co_await tree_.look(answer_.organisation);
        if (above.record || !found.failed) {
            at = answer_.organisation;
            found = std::move(above);
        }
    }
    if (found.failed)
        co_return end(Verdict::temp_error, "the DNS did not answer for the DMARC record of " + at);
    if (!found.record)
        co_return found.wrong.empty() ? end(Verdict::none, author + " publishes no DMARC record")
                                      : end(Verdict::perm_error, found.wrong);
    take_record(at, *found.record);
    co_return true;
}

// RFC 9989 §4.7: p=, and for names below the record's sp=, or np= where the name does not exist
net::Task<void> Evaluation::choose_policy() {
    ASSERT(answer_.record.has_value());
    const dmarc::Record& record = *answer_.record;
    answer_.policy_tag = "p";
    answer_.published = record.policy;
    if (answer_.policy_domain == answer_.author.domain) co_return;
    if (record.subdomains) {
        answer_.policy_tag = "sp";
        answer_.published = *record.subdomains;
    }
    if (!record.missing_subdomains) co_return;
    const net::DnsAnswer asked = co_await dns_->query(answer_.author.domain, net::RecordType::a);
    if (asked.status != net::DnsAnswer::Status::no_name) co_return;
    answer_.policy_tag = "np";
    answer_.published = *record.missing_subdomains;
}

void Evaluation::soften() {
    ASSERT(answer_.record.has_value());
    const dmarc::Record& record = *answer_.record;
    answer_.policy = answer_.published;
    const bool spared = record.testing || options_.lot >= record.percent;
    if (!spared || answer_.published == dmarc::Policy::none) return;
    answer_.policy = softer(answer_.published);
    answer_.softened = true;
}

}  // namespace heliopost::dmarc_check
