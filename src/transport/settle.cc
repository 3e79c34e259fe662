#include "transport/settle.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "proto/smtp/reply.h"
#include "queue/retry.h"

namespace heliopost::transport {
namespace {

using queue::State;

constexpr smtp::EnhancedStatus expired{4, 4, 7};  // RFC 3463 §3.5: delivery time expired

// NOTIFY unspecified: failure, and delay at our choice, which is yes (RFC 3461 §4.1).
bool wants(const smtp::Notify& notify, dsn::Action action) {
    if (!notify.specified) return true;
    return action == dsn::Action::failed ? notify.failure : notify.delay;
}

dsn::Recipient report_of(const queue::Entry& entry, const queue::Recipient& recipient, const Tried& tried,
                         const queue::Outcome& outcome) {
    const queue::LastReply& reply = tried.verdict.reply;
    dsn::Recipient report;
    report.final_recipient = recipient.address;
    report.original_recipient = recipient.original_recipient;
    report.action = outcome.state == State::failed ? dsn::Action::failed : dsn::Action::delayed;
    report.status = status_of(tried.verdict);
    // RFC 3464 §2.3.5, §2.3.6: what we found ourselves is no words of a remote's, though one be reached.
    if (reply.code != 0) {
        report.remote_mta = tried.host;
        report.reply = smtp::Reply(reply.code, reply.enhanced, reply.text);
    }
    const std::string found = tried.host.empty() ? reply.text : tried.host + ": " + reply.text;
    report.reason = found;
    report.last_attempt = outcome.at;
    if (outcome.state == State::pending) report.will_retry_until = entry.expiry;
    if (outcome.state == State::failed && tried.verdict.fate == Fate::temporary) {
        report.status = expired;
        report.reason = "it could not be delivered in time; the last attempt: " + found;
    }
    return report;
}

std::string_view word_of(State state) {
    if (state == State::delivered) return "sent";
    return state == State::failed ? "bounced" : "deferred";
}

}  // namespace

Settled settle(net::World& world, const TransportOptions& options, const queue::Lease& lease,
               const std::vector<Tried>& tried) {
    const Time now = world.now();
    const queue::Entry& entry = *lease.entry;
    Settled settled;
    for (std::size_t i = 0; i < lease.recipients.size(); ++i) {
        const queue::Recipient& recipient = lease.recipients[i];
        const Verdict& verdict = tried[i].verdict;
        queue::Outcome outcome;
        outcome.index = recipient.index;
        outcome.at = now;
        outcome.reply = verdict.reply;
        bool warn = false;
        if (verdict.fate == Fate::temporary) {
            const auto after = queue::after_failure(options.retry, entry, recipient, now,
                                                    queue::spread_of(entry.id, recipient.attempts));
            outcome.state = after.next_attempt ? State::pending : State::failed;
            outcome.next_attempt = after.next_attempt;
            warn = after.warn && !recipient.delay_warned && after.next_attempt.has_value();
        } else {
            outcome.state = verdict.fate == Fate::delivered ? State::delivered : State::failed;
        }
        const auto action = outcome.state == State::failed ? dsn::Action::failed : dsn::Action::delayed;
        const bool due = outcome.state == State::failed || warn;
        if (due && !entry.reverse_path.null() && wants(recipient.notify, action)) {
            outcome.delay_warned = warn;
            settled.told.push_back(report_of(entry, recipient, tried[i], outcome));
            settled.told_of.push_back(settled.outcomes.size());
        }
        settled.outcomes.push_back(std::move(outcome));
    }
    return settled;
}

void put_off(Settled& settled, Time until) {
    for (const std::size_t i : settled.told_of) {
        queue::Outcome& outcome = settled.outcomes[i];
        outcome.delay_warned = false;
        if (outcome.state != State::failed) continue;
        outcome.state = State::pending;
        outcome.next_attempt = until;
    }
    settled.told.clear();
    settled.told_of.clear();
}

void log_attempt(net::World& world, const queue::Lease& lease, const std::vector<Tried>& tried,
                 const Settled& settled) {
    const queue::Entry& entry = *lease.entry;
    const std::string id = queue::to_text(entry.id);
    const auto delay = std::chrono::duration_cast<std::chrono::seconds>(world.now() - entry.created);
    for (std::size_t i = 0; i < tried.size(); ++i) {
        const Verdict& verdict = tried[i].verdict;
        const queue::Outcome& outcome = settled.outcomes[i];
        const bool late = outcome.state == State::failed && verdict.fate == Fate::temporary;
        std::string reply = verdict.reply.code == 0 ? "" : std::to_string(verdict.reply.code) + ' ';
        reply += verdict.reply.text;
        world.log().info("attempt",
                         {{"queue_id", id},
                          {"from", smtp::to_string(entry.reverse_path)},
                          {"to", smtp::to_string(lease.recipients[i].address)},
                          {"relay", verdict.reply.remote_host.empty() ? "none" : verdict.reply.remote_host},
                          {"tls", tried[i].tls},
                          {"delay", delay.count()},
                          {"dsn", smtp::to_string(late ? expired : status_of(verdict))},
                          {"status", word_of(outcome.state)},
                          {"reply", reply}});
    }
}

}  // namespace heliopost::transport
