#include "base/text.h"
#include "checks/message/verdicts.h"
#include "proto/results/received_spf.h"
#include "proto/results/results.h"

namespace heliopost::message_check {
namespace {

results::Method method(std::string_view name, std::string_view verdict, std::string_view reason) {
    results::Method out;
    out.name = name;
    out.verdict = verdict;
    out.reason = reason;
    return out;
}

void add(results::Method& to, std::string type, std::string name, std::string_view value) {
    if (!value.empty()) to.properties.push_back({std::move(type), std::move(name), std::string(value)});
}

// RFC 8601 §2.7.3
results::Method iprev_method(const Verdicts& verdicts, const Client& client) {
    results::Method out = method("iprev", name_of(verdicts.iprev.verdict), verdicts.iprev.reason);
    add(out, "policy", "iprev", client.address.to_string());
    return out;
}

// RFC 8601 §2.7.2
results::Method spf_method(const Verdicts& verdicts, const Client& client) {
    results::Method out = method("spf", name_of(verdicts.spf.verdict), verdicts.spf.reason);
    if (client.reverse_path.null())
        add(out, "smtp", "helo", client.helo);
    else
        add(out, "smtp", "mailfrom", smtp::to_string(client.reverse_path));
    return out;
}

// RFC 8601 §2.7.1, RFC 6008
results::Method dkim_method(const dkim_check::SignatureVerdict& verdict) {
    const bool good = verdict.verdict == dkim_check::Verdict::pass;
    results::Method out = method("dkim", name_of(verdict.verdict), good ? "" : verdict.reason);
    if (good) out.comment = verdict.reason + (verdict.testing ? ", testing" : "");
    add(out, "header", "d", verdict.domain);
    add(out, "header", "s", verdict.selector);
    add(out, "header", "a", verdict.algorithm);
    add(out, "header", "b", verdict.mark);
    return out;
}

// RFC 8617 §10.2
results::Method arc_method(const Verdicts& verdicts, const Client& client) {
    results::Method out = method("arc", name_of(verdicts.arc.verdict), verdicts.arc.reason);
    if (!verdicts.arc.sealers.empty()) out.comment = "sealed by " + verdicts.arc.sealers.back();
    add(out, "smtp", "remote-ip", client.address.to_string());
    return out;
}

// RFC 7489 §11.1
results::Method dmarc_method(const Verdicts& verdicts) {
    const dmarc_check::Answer& dmarc = verdicts.dmarc;
    results::Method out = method("dmarc", name_of(dmarc.verdict), dmarc.reason);
    if (dmarc.record)
        out.comment = dmarc.policy_tag + "=" + std::string(name_of(dmarc.published)) +
                      " dis=" + std::string(name_of(verdicts.policy())) +
                      (verdicts.excused ? " " + verdicts.excused->type : "");
    add(out, "header", "from", dmarc.author.domain);
    return out;
}

// draft-brand-indicators-for-message-identification: what it adds to RFC 8601.
results::Method bimi_method(const bimi_check::Answer& bimi) {
    results::Method out = method("bimi", name_of(bimi.verdict), bimi.reason);
    add(out, "header", "d", bimi.domain);
    add(out, "header", "selector", bimi.selector);
    return out;
}

std::string line(std::string_view check, std::string_view verdict, std::string_view reason) {
    return std::string(check) + " " + std::string(verdict) + ": " + std::string(reason);
}

}  // namespace

std::vector<std::string> Verdicts::in_words() const {
    std::vector<std::string> lines{line("iprev", name_of(iprev.verdict), iprev.reason),
                                   line("SPF", name_of(spf.verdict), spf.reason)};
    for (const dkim_check::SignatureVerdict& one : dkim)
        lines.push_back(line("DKIM", name_of(one.verdict),
                             (one.domain.empty() ? "" : "signed by " + one.domain + ", ") + one.reason));
    if (dkim.empty()) lines.emplace_back("DKIM none: nothing is signed");
    lines.push_back(line("ARC", name_of(arc.verdict), arc.reason));
    lines.push_back(dmarc_check::in_words(dmarc));
    for (const std::string& warning : dmarc.author.warnings) lines.push_back("From: " + warning);
    if (bimi) lines.push_back(line("BIMI", name_of(bimi->verdict), bimi->reason));
    if (excused) lines.push_back("policy overridden: " + excused->reason);
    return lines;
}

std::string write_fields(const Verdicts& verdicts, const Client& client, std::string_view server) {
    results::Results all{std::string(server), {iprev_method(verdicts, client), spf_method(verdicts, client)}};
    if (verdicts.dkim.empty()) all.methods.push_back(method("dkim", "none", ""));
    for (const dkim_check::SignatureVerdict& one : verdicts.dkim) all.methods.push_back(dkim_method(one));
    all.methods.push_back(dmarc_method(verdicts));
    all.methods.push_back(arc_method(verdicts, client));
    if (verdicts.bimi) all.methods.push_back(bimi_method(*verdicts.bimi));
    results::ReceivedSpf received;
    received.verdict = name_of(verdicts.spf.verdict);
    received.reason = verdicts.spf.reason;
    received.client = client.address.to_string();
    if (!client.reverse_path.null()) received.envelope_from = smtp::to_string(client.reverse_path);
    received.helo = client.helo;
    received.receiver = server;
    received.mechanism = verdicts.spf.mechanism;
    received.identity = client.reverse_path.null() ? "helo" : "mailfrom";
    return results::write_received_spf(received) + results::write_field(all);
}

}  // namespace heliopost::message_check
