// DATA, and the end of a message, which BDAT shares.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "proto/mime/address.h"
#include "proto/mime/header.h"
#include "proto/smtp/data.h"
#include "proto/smtp/received.h"
#include "queue/entry.h"
#include "server/smtp/refusal.h"
#include "server/smtp/session.h"

namespace heliopost::smtp_server {

using smtp::Reply;

namespace {

Reply header_refusal(const Error& error) {
    if (error.fault == Fault::syntax) return {550, {5, 6, 0}, error.text};
    return refusal(error);
}

// What a structure takes besides its texts and besides what any message has a share for.
std::size_t octets_of(const mime::Structure& structure) {
    const std::size_t octets =
        structure.parts.size() * sizeof(mime::Part) + structure.envelopes.size() * sizeof(mime::Envelope);
    return octets - std::min(octets, share_step);
}

// RFC 5321 §4.2.3, RFC 3463 §3.4. The client keeps its message and comes again.
Reply no_room() {
    return {452, {4, 3, 1}, "too many messages are coming in, please try again later"};
}

}  // namespace

// Fails where too many others come in at this moment.
std::expected<void, Reply> Session::begin_message() {
    message_refusal_.reset();
    const std::size_t part = service_.role == Role::mx ? stranger_part : known_part;
    transaction_.share = Arriving::Share(service_.arriving, stream_->peer().address, part);
    if (!transaction_.share.begin()) return std::unexpected(no_room());
    transaction_.end = within(message_time_max);
    transaction_.id = service_.delivering->queue.next_id(world_);
    transaction_.incoming =
        std::make_unique<delivery::Incoming>(service_.delivering->store, service_.message_octets_max);
    begin_judging();
    if (service_.role != Role::submission) return {};
    const std::string id = queue::to_text(transaction_.id);
    delivery::MissingFields missing{smtp::format_date(world_.now()),
                                    "<" + id + "@" + service_.host_name + ">"};
    transaction_.editor = std::make_unique<delivery::HeaderEditor>(std::move(missing));
    return {};
}

// The rest of it is read only to be refused: it holds nothing more.
void Session::drop_message(Reply reason) {
    message_refusal_ = std::move(reason);
    transaction_.editor.reset();
    transaction_.signer.reset();
    transaction_.checker.reset();
    transaction_.forged.reset();
    transaction_.sealer.reset();
    transaction_.incoming.reset();
    transaction_.share.give_back();
}

// While there is little room for others: a message that holds it by coming slowly.
bool Session::is_in_the_way() const {
    if (!transaction_.share.crowded()) return false;
    const std::chrono::seconds due(transaction_.octets / crowded_octets_a_second);
    return world_.tick() > transaction_.end - message_time_max + crowded_time_free + due;
}

Deadline Session::block_end() const {
    const std::chrono::seconds silence =
        transaction_.share.crowded() ? crowded_block_time_max : std::chrono::seconds(block_time_max);
    return std::min(transaction_.end, within(silence));
}

net::Task<void> Session::take(std::string_view octets) {
    if (message_refusal_) co_return;
    if (!std::exchange(transaction_.begun, true) && is_space(octets.front())) {
        // It would go on with the last field of ours, which stand in front: RFC 5322 §2.2.3.
        drop_message({550, {5, 6, 0}, "the message begins in the middle of a header field"});
        co_return;
    }
    transaction_.octets += octets.size();
    const bool submitted = service_.role == Role::submission;
    const std::size_t most = submitted ? submitted_held_max : message_held_max;
    if (!transaction_.share.grow_for(transaction_.octets, most) || is_in_the_way()) {
        drop_message(no_room());
        co_return;
    }
    if (transaction_.checker) transaction_.checker->feed(octets);
    if (!transaction_.forged || transaction_.forged->passed()) {
        co_await keep(octets);
        co_return;
    }
    const std::string kept = transaction_.forged->feed(octets);
    if (!kept.empty()) co_await keep(kept);
}

// What the message is made of: without results in our name, and at submission as the editor has it.
net::Task<void> Session::keep(std::string_view octets) {
    if (!transaction_.editor || transaction_.editor->passed()) {
        if (transaction_.signer) transaction_.signer->feed(octets);
        if (transaction_.sealer) transaction_.sealer->feed(octets);
        co_await transaction_.incoming->append(octets);
        co_return;
    }
    Result<std::string> edited = transaction_.editor->feed(octets);
    if (!edited) {
        drop_message(header_refusal(edited.error()));
        co_return;
    }
    if (edited->empty()) co_return;
    begin_signing(*edited);
    co_await transaction_.incoming->append(*edited);
}

// edited: the header, whole now, and what came of the body with it. Whether From is the user's to write is
// asked at the end (check_author), before anything is signed.
void Session::begin_signing(std::string_view edited) {
    const signing::Keys* const keys = service_.delivering->keys;
    if (keys == nullptr) return;
    const std::string& header = transaction_.editor->header();
    transaction_.signer = signing::MessageSigner::begin(*keys, header);
    if (transaction_.signer) transaction_.signer->feed(edited.substr(header.size()));
}

net::Task<std::vector<Reply>> Session::data() {
    if (auto begun = begin_message(); !begun) co_return std::vector<Reply>{logged(std::move(begun).error())};
    co_await send({354, "end with CRLF.CRLF"});
    co_await flush();
    smtp::DataDecoder decoder;
    std::uint64_t octets = 0;
    while (!decoder.done()) {
        const bool more = co_await reader_.fill(block_end());
        if (!more) throw net::Gone("closed within a message");
        while (!reader_.empty() && !decoder.done()) {
            const auto piece = decoder.next(reader_.buffered());
            octets += piece.octets.size();
            if (!piece.octets.empty()) co_await take(piece.octets);
            reader_.consume(piece.consumed);
        }
        out_of_step_ = is_endless(octets) && !decoder.done();
        if (out_of_step_) co_return for_each_recipient({552, {5, 3, 4}, "the message is too large"});
    }
    co_return co_await finish_message(decoder.defects());
}

net::Task<std::vector<Reply>> Session::finish_message(smtp::Defects defects) {
    if (defects.bare_cr || defects.bare_lf)
        co_return for_each_recipient({550, {5, 6, 0}, "bare CR or LF in the message: lines end with CRLF"});
    if (defects.long_line) co_return for_each_recipient({550, {5, 6, 0}, "a line is longer than 64 KiB"});
    if (transaction_.forged && !transaction_.forged->passed()) {
        const std::string rest = transaction_.forged->finish();
        if (!rest.empty()) co_await keep(rest);
    }
    if (transaction_.editor) {
        const Result<std::string> rest = transaction_.editor->finish();
        if (!rest) co_return for_each_recipient(header_refusal(rest.error()));
        if (!rest->empty()) {
            begin_signing(*rest);
            co_await transaction_.incoming->append(*rest);
        }
    }
    if (message_refusal_) co_return for_each_recipient(*std::move(message_refusal_));
    Result<delivery::Message> message = co_await transaction_.incoming->finish();
    if (!message) co_return for_each_recipient(refusal(message.error()));
    transaction_.incoming.reset();
    if (!transaction_.share.grow_by(octets_of(*message->structure))) co_return for_each_recipient(no_room());
    if (delivery::in_a_loop(*message))
        co_return for_each_recipient({554, {5, 4, 6}, "too many hops: this message goes round in a loop"});
    if (account_) {
        const Result<void> author = co_await check_author();
        if (!author) co_return for_each_recipient(refusal(author.error()));
        if (transaction_.signer) transaction_.signatures = transaction_.signer->finish(world_.now());
    }
    if (auto refused = co_await judge()) co_return for_each_recipient(*std::move(refused));
    co_return co_await deliver(std::make_shared<const delivery::Message>(*std::move(message)));
}

// The From that readers see must be the user's too, or anybody here could speak for anybody (RFC 6409 §6.1).
// One field, as RFC 5322 §3.6 wants: readers differ in which of two they show.
net::Task<Result<void>> Session::check_author() {
    ASSERT(account_.has_value());
    const AccountId user = account_->id;
    std::optional<std::string> from;
    mime::FieldReader fields(transaction_.editor->header());
    while (const auto field = fields.next()) {
        if (!same_ignoring_case(field->name, "From")) continue;
        if (from) co_return fail(Fault::denied, "the message has more than one From");
        from = mime::unfold(field->value);
    }
    if (!from) co_return fail(Fault::denied, "the message has no From");
    bool any = false;
    for (const mime::Address& author : mime::parse_address_list(*from)) {
        if (author.kind != mime::AddressKind::mailbox) continue;
        const auto allowed = co_await service_.directory->may_send_as(user, mime::addr_spec(author));
        if (!allowed && allowed.error().fault != Fault::syntax) co_return std::unexpected(allowed.error());
        if (!allowed || !*allowed) co_return fail(Fault::denied, "From is not your address");
        any = true;
    }
    if (!any) co_return fail(Fault::denied, "From has no address");
    co_return Result<void>{};
}

std::shared_ptr<const delivery::Envelope> Session::make_envelope() {
    auto envelope = std::make_shared<delivery::Envelope>();
    envelope->id = transaction_.id;
    envelope->arrived = world_.now();
    if (!account_ || service_.add_client_address) {
        envelope->client.address = stream_->peer().address;
        envelope->client.helo = hello_.name;
    }
    envelope->client.tls = stream_->tls();
    envelope->client.protocol = {.lmtp = service_.role == Role::lmtp,
                                 .extended = extended_,
                                 .tls = stream_->tls().has_value(),
                                 .authenticated = account_.has_value(),
                                 .smtputf8 = transaction_.mail.smtputf8};
    if (account_) envelope->identity = account_->id;
    envelope->reverse_path = transaction_.mail.reverse_path;
    envelope->smtputf8 = transaction_.mail.smtputf8;
    envelope->body = transaction_.mail.body;
    envelope->ret = transaction_.mail.ret;
    envelope->envelope_id = transaction_.mail.envelope_id;
    envelope->recipients = std::move(transaction_.recipients);
    envelope->results = std::move(transaction_.results);
    envelope->verdicts = std::move(transaction_.verdicts);
    envelope->signatures = std::move(transaction_.signatures);
    envelope->seal = std::move(transaction_.seal);
    envelope->junk = transaction_.junk;
    return envelope;
}

net::Task<std::vector<Reply>> Session::deliver(std::shared_ptr<const delivery::Message> message) {
    const auto envelope = make_envelope();
    const std::string id = queue::to_text(envelope->id);
    const Reply accepted{250, {2, 0, 0}, "accepted as " + id};
    std::vector<Result<void>> results;
    if (service_.role == Role::lmtp)
        results = co_await delivery::receive_each(service_.delivering, envelope, message);
    else
        results.push_back(co_await delivery::receive(service_.delivering, envelope, message));
    std::vector<Reply> replies;
    replies.reserve(results.size());
    std::size_t taken = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
        replies.push_back(results[i] ? accepted : refusal(results[i].error()));
        if (results[i]) {
            ++taken;
            continue;
        }
        const bool alone = results.size() == envelope->recipients.size();
        world_.log().info("refused",
                          {{"queue_id", id},
                           {"from", smtp::to_string(envelope->reverse_path)},
                           {"to", alone ? smtp::to_string(envelope->recipients[i].address) : "all"},
                           {"client", stream_->peer().address.to_string()},
                           {"reply", smtp::one_line(replies.back())}});
    }
    if (taken > 0 && transaction_.counted)
        service_.judging->statistics->count(world_.now(), *std::move(transaction_.counted));
    // A report whose author nobody vouches for could say anything about anybody: RFC 7489 §7.2.1.
    const auto is_report_address = [this](const delivery::Recipient& one) { return is_for_inbox(one); };
    if (taken > 0 && !transaction_.author_unproved &&
        std::ranges::any_of(envelope->recipients, is_report_address))
        service_.inbox->offer(message->blob.ref);
    if (taken > 0)
        world_.log().info("accepted",
                          {{"queue_id", id},
                           {"from", smtp::to_string(envelope->reverse_path)},
                           {"client", stream_->peer().address.to_string()},
                           {"recipients", service_.role == Role::lmtp ? taken : envelope->recipients.size()},
                           {"octets", message->blob.ref.octets}});
    co_return replies;
}

bool Session::is_for_inbox(const delivery::Recipient& recipient) const {
    return service_.inbox != nullptr && service_.inbox->takes(recipient.address);
}

// LMTP answers the end of a message once a recipient (RFC 2033 §4.2), SMTP once.
std::vector<Reply> Session::for_each_recipient(Reply reply) const {
    const std::size_t count = service_.role == Role::lmtp ? transaction_.recipients.size() : 1;
    return std::vector<Reply>(count, logged(std::move(reply)));
}

Reply Session::logged(Reply reply) const {
    world_.log().info("refused", {{"from", smtp::to_string(transaction_.mail.reverse_path)},
                                  {"client", stream_->peer().address.to_string()},
                                  {"reply", smtp::one_line(reply)}});
    return reply;
}

}  // namespace heliopost::smtp_server
