// What the checks make of a message from outside, between its last octet and the answer.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "checks/message/check.h"
#include "mailbox/verdicts.h"
#include "proto/mime/header.h"
#include "queue/entry.h"
#include "server/smtp/session.h"

namespace heliopost::smtp_server {
namespace {

using dmarc::Policy;
using message_check::Verdicts;
using smtp::Reply;

// A verdict that could not be had for now matters where the author's domain wants a message that fails to be
// treated: it is asked for again. Where not even the domain's record was found nobody asked for anything.
bool is_worth_waiting(const Verdicts& verdicts) {
    return verdicts.undecided() && verdicts.dmarc.record && verdicts.dmarc.published != Policy::none;
}

// What is to become of it. An author who cannot be told (two From fields, none) is one that a reader may see
// another one in than we judged, or that we did not see: such a message is no better than one that failed.
Policy policy_for(const Verdicts& verdicts) {
    const bool unclear = verdicts.dmarc.verdict == dmarc_check::Verdict::perm_error &&
                         verdicts.dmarc.author.problem != dmarc::AuthorProblem::none;
    return unclear ? Policy::quarantine : verdicts.policy();
}

// Does the author's domain vouch for it? Where it has no record, its own signature does.
bool is_proved(const Verdicts& verdicts) {
    if (verdicts.dmarc.verdict == dmarc_check::Verdict::pass) return true;
    const auto signs = [&](const dkim_check::SignatureVerdict& one) {
        return one.verdict == dkim_check::Verdict::pass && one.domain == verdicts.dmarc.author.domain;
    };
    return verdicts.dmarc.verdict == dmarc_check::Verdict::none && std::ranges::any_of(verdicts.dkim, signs);
}

// RFC 7489 §10.3
Reply refusal_of(const Verdicts& verdicts) {
    if (is_worth_waiting(verdicts)) return {451, {4, 7, 0}, dmarc_check::in_words(verdicts.dmarc)};
    std::string words = "refused as its author's domain asks: " + dmarc_check::in_words(verdicts.dmarc);
    // RFC 7208 §6.2: marked as the words of somebody else
    if (!verdicts.spf.explanation.empty())
        words += "; " + verdicts.spf_domain + " explains: " + verdicts.spf.explanation;
    return {550, {5, 7, 1}, std::move(words)};
}

// What stays with the message: a line a check, as in_words() has it.
mailbox::Verdicts kept_of(const Verdicts& from, const net::IpAddress& client) {
    mailbox::Verdicts kept;
    kept.client = client.to_string();
    const auto add = [&](std::string_view check, std::string_view result, std::string_view subject,
                         std::string_view reason) {
        kept.all.push_back(
            {std::string(check), std::string(result), std::string(subject), std::string(reason)});
    };
    add("dmarc", name_of(from.dmarc.verdict), from.dmarc.author.domain, from.dmarc.reason);
    if (from.excused) add("override", from.excused->type, "", from.excused->reason);
    add("iprev", name_of(from.iprev.verdict), from.iprev.name, from.iprev.reason);
    add("helo", name_of(from.helo.verdict), "", from.helo.reason);
    add("spf", name_of(from.spf.verdict), from.spf_domain, from.spf.reason);
    add("arc", name_of(from.arc.verdict), from.arc.sealers.empty() ? "" : from.arc.sealers.back(),
        from.arc.reason);
    for (const dkim_check::SignatureVerdict& one : from.dkim)
        add("dkim", name_of(one.verdict), one.domain, one.reason);
    if (from.dkim.empty()) add("dkim", "none", "", "nothing is signed");
    if (from.bimi) add("bimi", name_of(from.bimi->verdict), from.bimi->domain, from.bimi->reason);
    return kept;
}

}  // namespace

void Session::begin_judging() {
    const Judging* const judging = service_.judging;
    if (judging == nullptr) return;
    // Who hands mail over by LMTP may have judged it, under our name even (a filter on the same machine): it
    // is believed where the administrator says so, as at the MX, or where it comes over a Unix socket. A user
    // never is: only we judge what is submitted.
    const net::Endpoint peer = stream_->peer();
    const bool trusted = service_.role != Role::submission &&
                         (!peer.path.empty() || net::is_within(peer.address, judging->trusted));
    transaction_.author_unproved = !trusted;
    if (trusted) return;
    transaction_.forged.emplace(judging->names);
    if (service_.role != Role::mx || !judging->enabled) return;
    transaction_.checker.emplace(
        &world_, judging->tasks, judging->checks,
        message_check::Client{stream_->peer().address, hello_.name, transaction_.mail.reverse_path});
    begin_sealing();
}

// By the domain that forwards: that of the first recipient that leads to another host.
void Session::begin_sealing() {
    if (service_.delivering->keys == nullptr) return;
    for (const delivery::Recipient& recipient : transaction_.recipients) {
        if (recipient.resolution.forwards.empty()) continue;
        const auto domain = smtp::normalise_domain(recipient.address.domain);
        if (domain) transaction_.sealer = signing::ForwardSealer::begin(*service_.delivering->keys, *domain);
        return;
    }
}

// A refusal, or nothing; then the transaction says how the message is to be filed.
net::Task<std::optional<Reply>> Session::judge() {
    if (!transaction_.checker) co_return std::nullopt;
    ASSERT(service_.judging != nullptr);
    Verdicts verdicts = co_await transaction_.checker->finish();
    const Policy policy = service_.judging->enforce ? policy_for(verdicts) : Policy::none;
    const bool waits = service_.judging->enforce && is_worth_waiting(verdicts);
    std::string words;
    for (const std::string& line : verdicts.in_words()) {
        words += (words.empty() ? "" : "; ") + line.substr(0, reasons_logged_max);
        if (words.size() > reasons_logged_max) break;
    }
    if (words.size() > reasons_logged_max) words.resize(reasons_logged_max);
    world_.log().info("judged", {{"queue_id", queue::to_text(transaction_.id)},
                                 {"client", stream_->peer().address.to_string()},
                                 {"from", smtp::to_string(transaction_.mail.reverse_path)},
                                 {"author", verdicts.dmarc.author.domain},
                                 {"spf", name_of(verdicts.spf.verdict)},
                                 {"dmarc", name_of(verdicts.dmarc.verdict)},
                                 {"arc", name_of(verdicts.arc.verdict)},
                                 {"policy", name_of(policy)},
                                 {"queries", verdicts.queries},
                                 {"reasons", words}});
    auto counted = waits ? std::nullopt : count(verdicts, policy);
    if (waits || policy == Policy::reject) {
        if (counted) service_.judging->statistics->count(world_.now(), *std::move(counted));
        co_return refusal_of(verdicts);
    }
    transaction_.counted = std::move(counted);
    transaction_.author_unproved = !is_proved(verdicts);
    transaction_.junk = policy == Policy::quarantine;
    transaction_.verdicts = mailbox::encode(kept_of(verdicts, stream_->peer().address));
    transaction_.results = std::move(verdicts.fields);
    if (const auto ours = mime::find_field(transaction_.results, "Authentication-Results");
        ours && transaction_.sealer)
        transaction_.seal = transaction_.sealer->finish(verdicts.arc.verdict, ours->value, world_.now());
    co_return std::nullopt;
}

// For the report to the author's domain; our own know what comes here, and of reports there is none.
std::optional<reports::Counted> Session::count(const Verdicts& verdicts, Policy applied) const {
    const Judging& judging = *service_.judging;
    const auto is_report_address = [this](const delivery::Recipient& one) { return is_for_inbox(one); };
    if (judging.statistics == nullptr || std::ranges::all_of(transaction_.recipients, is_report_address))
        return std::nullopt;
    if (service_.directory->is_local_domain(verdicts.dmarc.author.domain)) return std::nullopt;
    const message_check::Client client{stream_->peer().address, hello_.name, transaction_.mail.reverse_path};
    return reports::counted(verdicts, client, applied, judging.enforce);
}

}  // namespace heliopost::smtp_server
