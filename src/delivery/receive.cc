#include "delivery/receive.h"

#include <optional>
#include <utility>

#include "delivery/plan.h"
#include "delivery/trace.h"
#include "mailbox/file.h"
#include "proto/smtp/received.h"

namespace heliopost::delivery {
namespace {

using mailbox::Quota;

// One message's batches: the accounts' and the queue's, for one commit.
struct Parcel {
    std::vector<store::Batch> batches;
    std::optional<queue::Added> added;
};

queue::Source source_of(const Envelope& envelope) {
    return envelope.identity ? queue::Source::submission : queue::Source::forward;
}

void add_filing(Parcel& parcel, const Envelope& envelope, const Message& message, const Filing& filing,
                const std::string& received, Quota::Mode mode) {
    mailbox::NewEmail email;
    email.blob = message.blob.ref;
    email.prefix = mailbox_prefix(envelope, filing.delivered_to, received);
    email.received = envelope.arrived;
    email.structure = message.structure;
    email.preview = message.preview;
    store::Batch& batch = parcel.batches.emplace_back(store::account_partition(filing.account));
    mailbox::file(batch, mailbox::inbox, email, {}, envelope.arrived, {filing.quota_octets, mode});
}

Result<void> add_relays(Parcel& parcel, const Envelope& envelope, const Message& message,
                        std::vector<Relaying> relays, const std::string& received,
                        std::chrono::milliseconds expire_after) {
    if (relays.empty()) return {};
    queue::NewEntry entry;
    entry.id = envelope.id;
    entry.reverse_path = envelope.reverse_path;
    entry.created = envelope.arrived;
    entry.expiry = envelope.arrived + expire_after;
    entry.identity = envelope.identity.value_or(AccountId{});
    entry.source = source_of(envelope);
    entry.blob = message.blob.ref;
    entry.prefix = received;
    entry.smtputf8 = envelope.smtputf8;
    entry.body_8bit = message.structure->eight_bit_body || envelope.body != smtp::Body::seven_bit;
    entry.ret = envelope.ret;
    entry.envelope_id = envelope.envelope_id;
    for (Relaying& relay : relays)
        entry.recipients.push_back({std::move(relay.to), relay.notify, std::move(relay.original)});
    store::Batch& batch = parcel.batches.emplace_back(store::queue_partition);
    parcel.added = TRY(queue::add(batch, std::move(entry)));
    return {};
}

// Headers of submission name no client unless configured: architecture.md, privacy by default.
std::string received_for(const Delivering& to, const Envelope& envelope) {
    return received_field(envelope, to.host_name, !envelope.client.address.is_unspecified());
}

Result<void> check_loop(const Message& message) {
    if (message.received_fields <= smtp::received_fields_max) return {};
    return fail(Fault::denied, "too many hops: this message goes round in a loop");
}

void log_deliveries(const Delivering& to, const Envelope& envelope, const Message& message,
                    const Plan& planned) {
    const std::string id = queue::to_text(envelope.id);
    const std::string from = smtp::to_string(envelope.reverse_path);
    for (const Filing& filing : planned.filings)
        to.world.log().info("delivered", {{"queue_id", id},
                                          {"from", from},
                                          {"to", filing.delivered_to},
                                          {"account", filing.account.value},
                                          {"octets", message.blob.ref.octets},
                                          {"relay", "local"},
                                          {"dsn", "2.0.0"}});
    for (const Relaying& relay : planned.relays)
        to.world.log().info("queued", {{"queue_id", id},
                                       {"from", from},
                                       {"to", smtp::to_string(relay.to)},
                                       {"octets", message.blob.ref.octets}});
}

// The only place that makes a message ours: what the plan says, in one commit.
net::Task<Result<void>> commit_plan(Delivering* to, std::shared_ptr<const Envelope> envelope,
                                    std::shared_ptr<const Message> message, Plan planned, Quota::Mode mode) {
    const std::string received = received_for(*to, *envelope);
    Parcel parcel;
    for (const Filing& filing : planned.filings)
        add_filing(parcel, *envelope, *message, filing, received, mode);
    CO_TRY(add_relays(parcel, *envelope, *message, planned.relays, received, to->expire_after));
    if (parcel.batches.empty())
        co_return Result<void>{};  // an alias to nobody: accepted and gone, as it says
    std::vector<store::StagedBlob> blobs;
    blobs.push_back(message->blob);
    auto committed = co_await to->store.commit(std::move(parcel.batches), std::move(blobs));
    if (!committed) co_return std::unexpected(std::move(committed).error());
    if (parcel.added) to->queue.added(*std::move(parcel.added));
    log_deliveries(*to, *envelope, *message, planned);
    co_return Result<void>{};
}

}  // namespace

net::Task<Result<void>> receive(Delivering* to, std::shared_ptr<const Envelope> envelope,
                                std::shared_ptr<const Message> message) {
    CO_TRY(check_loop(*message));
    Plan planned = plan(*envelope);
    co_return co_await commit_plan(to, std::move(envelope), std::move(message), std::move(planned),
                                   Quota::Mode::count);
}

net::Task<std::vector<Result<void>>> receive_each(Delivering* to, std::shared_ptr<const Envelope> envelope,
                                                  std::shared_ptr<const Message> message) {
    std::vector<Result<void>> answers;
    const Result<void> loop = check_loop(*message);
    for (std::size_t i = 0; i < envelope->recipients.size(); ++i) {
        if (!loop) {
            answers.push_back(loop);
            continue;
        }
        auto alone = std::make_shared<Envelope>(*envelope);
        alone->recipients = {envelope->recipients[i]};
        if (i != 0) alone->id = to->queue.next_id(to->world);  // a queue entry of its own
        Plan planned = plan(*alone);
        answers.push_back(
            co_await commit_plan(to, std::move(alone), message, std::move(planned), Quota::Mode::enforce));
    }
    co_return answers;
}

}  // namespace heliopost::delivery
