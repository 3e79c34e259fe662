#include "delivery/receive.h"

#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "delivery/plan.h"
#include "delivery/trace.h"
#include "mailbox/file.h"
#include "proto/smtp/received.h"

namespace heliopost::delivery {
namespace {

using mailbox::Quota;

// What one commit takes: a plan, and how its entry in the queue is called.
struct Parcel {
    QueueId id;
    Plan plan;
    Quota::Mode mode = Quota::Mode::count;
    bool stored = false;  // an earlier commit has stored the message's octets
};

// Its batches: the accounts' and the queue's.
struct Packed {
    std::vector<store::Batch> batches;
    std::optional<queue::Added> added;
};

void add_filings(Packed& packed, const Envelope& envelope, const Message& message, const Parcel& parcel,
                 const std::string& trace, std::size_t structures_octets) {
    if (parcel.plan.filings.empty()) return;
    mailbox::NewEmail email;
    email.blob = message.blob.ref;
    email.received = envelope.arrived;
    email.structure = mailbox::fitted(message.structure, structures_octets / parcel.plan.filings.size());
    email.preview = message.preview;
    email.verdicts = envelope.verdicts;
    packed.batches.reserve(parcel.plan.filings.size() + 1);
    for (const Filing& filing : parcel.plan.filings) {
        email.prefix = mailbox_prefix(envelope, filing.delivered_to, trace);
        store::Batch& batch = packed.batches.emplace_back(store::account_partition(filing.account));
        const auto mode = filing.shared ? Quota::Mode::count : parcel.mode;
        mailbox::file(batch, envelope.junk ? mailbox::junk : mailbox::inbox, email, {}, envelope.arrived,
                      {filing.quota_octets, mode});
    }
}

Result<void> add_relays(Packed& packed, const Envelope& envelope, const Message& message, Parcel& parcel,
                        const std::string& trace, std::chrono::milliseconds expire_after) {
    if (parcel.plan.relays.empty()) return {};
    queue::NewEntry entry;
    entry.id = parcel.id;
    entry.reverse_path = envelope.reverse_path;
    entry.created = envelope.arrived;
    entry.expiry = envelope.arrived + expire_after;
    entry.identity = envelope.identity.value_or(AccountId{});
    entry.source = envelope.identity ? queue::Source::submission : queue::Source::forward;
    entry.blob = message.blob.ref;
    entry.prefix = envelope.seal + trace;
    entry.smtputf8 = envelope.smtputf8;
    entry.body_8bit = message.structure->eight_bit_body || envelope.body != smtp::Body::seven_bit;
    entry.ret = envelope.ret;
    entry.envelope_id = envelope.envelope_id;
    for (const Relaying& relay : parcel.plan.relays)
        entry.recipients.push_back({relay.to, relay.notify, relay.original});
    store::Batch& batch = packed.batches.emplace_back(store::queue_partition);
    packed.added = TRY(queue::add(batch, std::move(entry)));
    return {};
}

// A client that is not to be named (submission, privacy by default) is not in the envelope.
std::string trace_of(const Delivering& to, const Envelope& envelope) {
    return envelope.signatures + envelope.results +
           received_field(envelope, to.host_name, !envelope.client.address.is_unspecified());
}

void log_deliveries(const Delivering& to, const Envelope& envelope, const Message& message,
                    const Parcel& parcel) {
    const std::string id = queue::to_text(parcel.id);
    const std::string from = smtp::to_string(envelope.reverse_path);
    for (const Filing& filing : parcel.plan.filings)
        to.world.log().info("delivered", {{"queue_id", id},
                                          {"from", from},
                                          {"to", filing.delivered_to},
                                          {"account", filing.account.value},
                                          {"octets", message.blob.ref.octets},
                                          {"relay", "local"},
                                          {"mailbox", envelope.junk ? "Junk" : "INBOX"},
                                          {"dsn", "2.0.0"}});
    for (const Relaying& relay : parcel.plan.relays)
        to.world.log().info("queued", {{"queue_id", id},
                                       {"from", from},
                                       {"to", smtp::to_string(relay.to)},
                                       {"octets", message.blob.ref.octets}});
}

// The only place that makes a message ours: what the plan says, in one commit.
net::Task<Result<void>> commit_parcel(Delivering* to, std::shared_ptr<const Envelope> envelope,
                                      std::shared_ptr<const Message> message, Parcel parcel) {
    const std::string trace = trace_of(*to, *envelope);
    Packed packed;
    add_filings(packed, *envelope, *message, parcel, trace, to->structures_octets);
    CO_TRY(add_relays(packed, *envelope, *message, parcel, trace, to->expire_after));
    if (packed.batches.empty())
        co_return Result<void>{};  // an alias to nobody: accepted and gone, as it says
    std::vector<store::StagedBlob> blobs;
    if (parcel.stored) {
        blobs.push_back({message->blob.ref, true, {}});
    } else {
        blobs.push_back(message->blob);
    }
    auto committed = co_await to->store.commit(std::move(packed.batches), std::move(blobs));
    if (!committed) co_return std::unexpected(std::move(committed).error());
    if (packed.added) to->queue.added(*std::move(packed.added));
    log_deliveries(*to, *envelope, *message, parcel);
    co_return Result<void>{};
}

Result<void> loop_refusal() {
    return fail(Fault::denied, "too many hops: this message goes round in a loop");
}

// What is left of a recipient's plan once others have had theirs.
class Served {
public:
    void leave_out(Plan& plan) const {
        std::erase_if(plan.filings, [&](const Filing& one) { return accounts_.contains(one.account); });
    }
    void add(const Plan& plan) {
        for (const Filing& one : plan.filings) accounts_.insert(one.account);
        any_ |= !plan.filings.empty() || !plan.relays.empty();
    }
    bool any() const { return any_; }

private:
    std::set<AccountId> accounts_;
    bool any_ = false;
};

bool goes_out(const Recipient& recipient) {
    return recipient.resolution.kind == directory::Resolution::Kind::not_local ||
           !recipient.resolution.forwards.empty();
}

// Each recipient by itself: one that is over quota stops nobody else. But those who lead outside are one
// group, which no quota stops: so the message has one entry in the queue, under the id that the replies tell.
std::vector<std::vector<std::size_t>> groups_of(const Envelope& envelope) {
    std::vector<std::vector<std::size_t>> groups(1);
    for (std::size_t n = 0; n < envelope.recipients.size(); ++n)
        if (goes_out(envelope.recipients[n])) groups.front().push_back(n);
    if (groups.front().empty()) groups.clear();
    for (std::size_t n = 0; n < envelope.recipients.size(); ++n)
        if (!goes_out(envelope.recipients[n])) groups.push_back({n});
    return groups;
}

net::Task<std::vector<Result<void>>> commit_each(Delivering* to, std::shared_ptr<const Envelope> envelope,
                                                 std::shared_ptr<const Message> message) {
    std::vector<Result<void>> answers(envelope->recipients.size());
    Served served;
    for (const std::vector<std::size_t>& group : groups_of(*envelope)) {
        std::vector<Recipient> recipients;
        recipients.reserve(group.size());
        for (const std::size_t n : group) recipients.push_back(envelope->recipients[n]);
        Parcel parcel{envelope->id, plan(recipients), Quota::Mode::enforce, served.any()};
        served.leave_out(parcel.plan);
        const Plan planned = parcel.plan;
        const Result<void> answer = co_await commit_parcel(to, envelope, message, std::move(parcel));
        if (answer) served.add(planned);
        for (const std::size_t n : group) answers[n] = answer;
    }
    co_return answers;
}

}  // namespace

bool in_a_loop(const Message& message) {
    return message.received_fields > smtp::received_fields_max;
}

net::Task<Result<void>> receive(Delivering* to, std::shared_ptr<const Envelope> envelope,
                                std::shared_ptr<const Message> message) {
    if (in_a_loop(*message)) co_return loop_refusal();
    Parcel parcel{envelope->id, plan(*envelope), Quota::Mode::count, false};
    co_return co_await commit_parcel(to, std::move(envelope), std::move(message), std::move(parcel));
}

net::Task<std::vector<Result<void>>> receive_each(Delivering* to, std::shared_ptr<const Envelope> envelope,
                                                  std::shared_ptr<const Message> message) {
    const std::size_t count = envelope->recipients.size();
    if (in_a_loop(*message)) co_return std::vector<Result<void>>(count, loop_refusal());
    Parcel parcel{envelope->id, plan(*envelope), Quota::Mode::enforce, false};
    Result<void> together = co_await commit_parcel(to, envelope, message, std::move(parcel));
    const bool apart =
        !together && count > 1 &&
        (together.error().fault == Fault::over_quota || together.error().fault == Fault::too_large);
    if (!apart) co_return std::vector<Result<void>>(count, together);
    co_return co_await commit_each(to, std::move(envelope), std::move(message));
}

}  // namespace heliopost::delivery
