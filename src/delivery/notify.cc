#include "delivery/notify.h"

#include <memory>
#include <utility>

#include "base/planted.h"
#include "base/text.h"
#include "delivery/envelope.h"
#include "delivery/incoming.h"
#include "delivery/plan.h"
#include "delivery/trace.h"
#include "mailbox/file.h"
#include "signing/message_signer.h"

namespace heliopost::delivery {
namespace {

// What the server writes itself is signed as well: by its host name's domain, or one of ours above it.
std::string signatures_of(const Delivering& with, const std::string& message) {
    if (with.keys == nullptr) return {};
    const auto end = message.find("\r\n\r\n");
    const std::size_t header = end == std::string::npos ? message.size() : end + 4;
    using signing::MessageSigner;
    auto signer = MessageSigner::begin(*with.keys, std::string_view(message).substr(0, header),
                                       MessageSigner::Domain::author_or_above);
    if (!signer) return {};
    signer->feed(std::string_view(message).substr(header));
    return signer->finish(with.world.now());
}

void add_filing(queue::Also& also, const Envelope& envelope, const Message& message, const Filing& filing) {
    mailbox::NewEmail email;
    email.blob = message.blob.ref;
    email.prefix = mailbox_prefix(envelope, filing.delivered_to, envelope.signatures);
    email.received = envelope.arrived;
    email.structure = message.structure;
    email.preview = message.preview;
    store::Batch& batch = also.batches.emplace_back(store::account_partition(filing.account));
    mailbox::file(batch, mailbox::inbox, email, {}, envelope.arrived,
                  {filing.quota_octets, mailbox::Quota::Mode::count});
}

Result<void> add_relays(queue::Also& also, const Envelope& envelope, const Message& message,
                        std::vector<Relaying> relays, std::chrono::milliseconds expire_after) {
    queue::NewEntry entry;
    entry.id = envelope.id;
    entry.created = envelope.arrived;  // the reverse-path stays null: RFC 5321 §4.5.5
    entry.expiry = envelope.arrived + expire_after;
    entry.source = queue::Source::dsn;
    if (planted("answered notification")) entry.reverse_path = relays.front().to;
    entry.blob = message.blob.ref;
    entry.prefix = envelope.signatures;
    entry.smtputf8 = envelope.smtputf8;
    entry.body_8bit = message.structure->eight_bit_body;
    for (Relaying& relay : relays) {
        smtp::Notify never;  // RFC 3461 §6.1: a DSN must not cause another one
        never.specified = true;
        entry.recipients.push_back({std::move(relay.to), never, std::nullopt});
    }
    store::Batch& batch = also.batches.emplace_back(store::queue_partition);
    also.added.push_back(TRY(queue::add(batch, std::move(entry))));
    return {};
}

}  // namespace

net::Task<Result<Notification>> make_notification(Delivering* with, directory::Directory* directory,
                                                  QueueId id, smtp::Address to, std::string message) {
    Envelope envelope;
    envelope.id = id;
    envelope.arrived = with->world.now();
    envelope.smtputf8 = !to.ascii() || !is_ascii_text(message.substr(0, message.find("\r\n\r\n")));
    Recipient& recipient = envelope.recipients.emplace_back();
    recipient.resolution = CO_TRY(co_await directory->resolve(to.local_part, to.domain));
    recipient.address = std::move(to);
    envelope.signatures = signatures_of(*with, message);

    Incoming incoming(with->store, notification_octets_max);
    co_await incoming.append(message);
    Message kept = CO_TRY(co_await incoming.finish());
    Plan planned = plan(envelope);
    Notification made;
    made.filings = planned.filings.size();
    made.relays = planned.relays.size();
    for (const Filing& filing : planned.filings) add_filing(made.also, envelope, kept, filing);
    if (!planned.relays.empty())
        CO_TRY(add_relays(made.also, envelope, kept, std::move(planned.relays), with->expire_after));
    if (!made.also.batches.empty()) made.also.blobs.push_back(std::move(kept.blob));
    co_return made;
}

}  // namespace heliopost::delivery
