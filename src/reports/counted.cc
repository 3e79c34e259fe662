// One message's row of a report.
#include "reports/statistics.h"

namespace heliopost::reports {
namespace {

using dmarc_check::Verdict;

std::string cut(std::string_view text) {
    return std::string(text.substr(0, row_text_octets_max));
}

std::string pass_or_fail(bool passed) {
    return passed ? "pass" : "fail";
}

// Why it was not treated as its domain asks: RFC 9990 §3.1.1.6 (PolicyOverrideType); "sampled_out" is of RFC
// 7489.
void add_reasons(feedback::Row& row, const message_check::Verdicts& verdicts, bool enforced) {
    const dmarc_check::Answer& dmarc = verdicts.dmarc;
    if (verdicts.excused) row.reasons.push_back({cut(verdicts.excused->type), cut(verdicts.excused->reason)});
    if (dmarc.softened)
        row.reasons.push_back(
            {dmarc.record && dmarc.record->testing ? "policy_test_mode" : "sampled_out", ""});
    if (!enforced && dmarc.policy != dmarc::Policy::none && !verdicts.excused)
        row.reasons.push_back({"local_policy", "DMARC is not enforced here"});
}

}  // namespace

std::optional<Counted> counted(const message_check::Verdicts& verdicts, const message_check::Client& client,
                               dmarc::Policy applied, bool enforced) {
    const dmarc_check::Answer& dmarc = verdicts.dmarc;
    const bool asked = dmarc.record && !dmarc.record->aggregate_to.empty();
    const bool decided = dmarc.verdict == Verdict::pass || dmarc.verdict == Verdict::fail;
    if (!asked || !decided || client.reverse_path.null()) return std::nullopt;
    Counted out;
    out.domain = dmarc.policy_domain;
    out.policy = dmarc::to_string(*dmarc.record).substr(0, policy_octets_max);
    feedback::Row& row = out.row;
    row.source_ip = client.address.to_string();
    // RFC 9990: "pass" is what passed, "none" what failed and was delivered all the same.
    row.disposition = dmarc.verdict == Verdict::pass ? "pass" : std::string(name_of(applied));
    row.dkim = pass_or_fail(dmarc.dkim_aligned);
    row.spf = pass_or_fail(dmarc.spf_aligned);
    add_reasons(row, verdicts, enforced);
    row.header_from = cut(dmarc.author.domain);
    row.envelope_from = cut(verdicts.spf_domain);
    for (const dkim_check::SignatureVerdict& one : verdicts.dkim) {
        if (row.dkim_results.size() == row_signatures_max) break;
        row.dkim_results.push_back(
            {cut(one.domain), cut(one.selector), "", std::string(name_of(one.verdict)), ""});
    }
    row.spf_results.push_back(
        {cut(verdicts.spf_domain), "", "mfrom", std::string(name_of(verdicts.spf.verdict)), ""});
    return out;
}

}  // namespace heliopost::reports
